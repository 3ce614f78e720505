import * as assert from "uvu/assert";
import { z } from "zod";
import { entities, type EntityService } from "../../../src/entities/index.ts";
import { createHive } from "../../../src/index.ts";
import { Staff, StaffHive, type User } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("permissions of entities");

async function withMembers(): Promise<StaffHive> {
  const given = await StaffHive.start();
  await given.staff.createGraph([
    { type: "Company", create: { id: "acme", name: "Acme" } },
    { type: "Company", create: { id: "other", name: "Other" } },
    { type: "Member", create: { id: "ada", company: "acme", name: "Ada", salary: 9 } },
    { type: "Member", create: { id: "eve", company: "other", name: "Eve", salary: 5 } },
  ]);
  return given;
}

const hr = { name: "hr", company: "acme", isHr: true };
const worker = { name: "bob", company: "acme" };

test("a user reads the part of an entity that is shown to them", async () => {
  await using given = await withMembers();
  const [asHr, asWorker] = [given.staff.as(hr), given.staff.as(worker)];
  assert.is((await asHr.Member.get("ada")).salary, 9);
  assert.equal(await asWorker.Member.get("ada"), { company: "acme", name: "Ada", id: "ada", version: 1 });
  assert.is(Staff.shown(worker, "Member", await given.staff.Member.get("eve")), undefined);
});

test("a hidden entity is as if it were not there", async () => {
  await using given = await withMembers();
  const { Member } = given.staff.as(hr);
  assert.is(await Member.find("eve"), undefined);
  for (const call of [
    () => Member.get("eve"),
    () => Member.patch("eve", { name: "E" }),
    () => Member.patch("eve", { name: "E" }, { version: 7 }),
    () => Member.put("eve", { company: "acme", name: "E" }),
    () => Member.delete("eve"),
  ])
    await throwsCode("NotFound", call);
  assert.equal(
    (await Member.list()).items.map(({ id }) => id),
    ["ada"],
  );
});

test("a user may not write what the permissions refuse", async () => {
  await using given = await withMembers();
  const { Member, createGraph } = given.staff.as(worker);
  await throwsCode("AccessDenied", () => Member.patch("ada", { salary: 10 }));
  await throwsCode("AccessDenied", () => Member.delete("ada"));
  await throwsCode("AccessDenied", () => createGraph([{ type: "Company", create: { name: "Mine" } }]));
  assert.is((await given.staff.Member.get("ada")).version, 1);
});

test("a user may not write an entity out of their own sight", async () => {
  await using given = await withMembers();
  const { Member } = given.staff.as(hr);
  await throwsCode("AccessDenied", () => Member.create({ id: "bob", company: "other", name: "Bob" }));
  await throwsCode("AccessDenied", () => Member.patch("ada", { company: "other" }));
  assert.is((await given.staff.Member.list()).items.length, 2);
});

test("what a permission does to an entity does not reach the store", async () => {
  const Notes = entities(
    "Notes",
    { Note: z.object({ tags: z.object({ secret: z.string().optional(), text: z.string().optional() }) }) },
    {
      read(_user: User, { entity }) {
        delete entity.tags.secret;
        return entity;
      },
      write(_user: User, { after }) {
        if (after) after.tags.text = "changed";
        return true;
      },
    },
  );
  await using hive = await createHive({ publishes: Notes.published });
  await hive.setup();
  const notes = hive.store(Notes.token);
  await notes.Note.create({ id: "a", tags: { secret: "s", text: "t" } });
  const asHr = notes.as(hr).Note;
  assert.equal((await asHr.patch("a", { tags: { text: "u" } })).tags, { text: "u" });
  assert.equal((await notes.Note.get("a")).tags, { secret: "s", text: "u" });
});

test("an entity that is shown in part has its id and version", async () => {
  const Cards = entities(
    "Cards",
    { Card: z.object({ text: z.string() }) },
    { read: (_user: User) => ({ text: "***" }) },
  );
  await using hive = await createHive({ publishes: Cards.published });
  await hive.setup();
  const cards = hive.store(Cards.token).as(hr);
  assert.equal(await cards.Card.create({ id: "a", text: "t" }), { text: "***", id: "a", version: 1 });
});

const note = { Note: z.object({ text: z.string() }) };

/** Returns the notes of a new hive with these permissions, of trusted code and of a user, and a note `a`. */
async function withNote(use: (trusted: Notes, asUser: Notes) => Promise<void>, options: object): Promise<void> {
  const declared = entities("Notes", note, options);
  await using hive = await createHive({ publishes: declared.published });
  await hive.setup();
  const notes = hive.store(declared.token);
  await notes.Note.create({ id: "a", text: "t" });
  await use(notes.Note, notes.as(hr).Note);
}
type Notes = EntityService<typeof note>["Note"];

/** The acts of a user on the notes. */
const writes = (notes: Notes): readonly (() => Promise<unknown>)[] => [
  () => notes.create({ id: "b", text: "t" }),
  () => notes.put("a", { text: "u" }),
  () => notes.patch("a", { text: "u" }),
  () => notes.delete("a"),
];

test("a write that returns anything but true refuses the change", async () => {
  for (const answer of [false, undefined, null, 0, 1, "yes", {}])
    await withNote(
      async (trusted, asUser) => {
        for (const write of writes(asUser)) await throwsCode("AccessDenied", write);
        assert.equal((await trusted.list()).items, [{ id: "a", text: "t", version: 1 }]);
      },
      { write: () => answer },
    );
});

test("a write that returns a promise is an error, and changes nothing", async () => {
  const rejected = async () => await Promise.reject(new Error("no rights"));
  for (const promised of [async () => true, async () => false, async () => {}, rejected])
    await withNote(
      async (trusted, asUser) => {
        for (const write of writes(asUser)) {
          const { message } = await throwsCode("InvalidConfiguration", write);
          assert.match(message, "write of the entities Notes must be synchronous");
        }
        assert.equal((await trusted.list()).items, [{ id: "a", text: "t", version: 1 }]);
      },
      { write: promised },
    );
});

test("a read that returns nothing hides the entity from each call", async () => {
  for (const nothing of [undefined, null, false])
    await withNote(
      async (_trusted, asUser) => {
        assert.is(await asUser.find("a"), undefined);
        assert.equal((await asUser.list()).items, []);
        await throwsCode("AccessDenied", () => asUser.create({ id: "b", text: "t" }));
        for (const write of writes(asUser).slice(1)) await throwsCode("NotFound", write);
      },
      { read: () => nothing, write: () => true },
    );
});

test("a read that returns a promise or true is an error that names it", async () => {
  const rejected = async () => await Promise.reject(new Error("no rights"));
  for (const read of [async () => ({}), async () => {}, rejected, () => true, () => "all"])
    await withNote(
      async (_trusted, asUser) => {
        for (const call of [() => asUser.find("a"), () => asUser.list(), ...writes(asUser)]) {
          const { message } = await throwsCode("InvalidConfiguration", call);
          assert.match(message, "read of the entities Notes");
        }
      },
      { read, write: () => true },
    );
});

test("permissions that are misspelt or no functions are refused", async () => {
  for (const options of [{ writes: () => false }, { write: null }, { write: false }, { read: "none" }, null])
    await throwsCode("InvalidConfiguration", () => entities("Notes", note, options as object));
});

test("the event of a change names its user", async () => {
  await using given = await withMembers();
  await given.staff.as(hr).Member.patch("ada", { salary: 10 });
  assert.ok((await given.changes()).includes("ada updated 2 by hr"));
});

test.run();
