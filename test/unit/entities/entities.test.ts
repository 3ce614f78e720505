import * as assert from "uvu/assert";
import { z } from "zod";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { entities, entity, InvalidEntity } from "../../../src/entities/index.ts";
import { eventType } from "../../../src/events/event-type.ts";
import { actor } from "../../../src/actors/injection/function-actor.ts";
import { Staff, StaffHive } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("entities");

test("a created entity is read again, and published with who made it", async () => {
  await using given = await StaffHive.start();
  const { staff } = given;
  const acme = await staff.Company.create({ id: "acme", name: "Acme" }, { by: "hr" });
  assert.equal(acme, { id: "acme", name: "Acme", version: 1 });
  assert.equal(await staff.Company.get("acme"), acme);
  assert.equal(await given.changes(), ["acme created 1 by hr"]);
});

test("an entity without an id gets a random one", async () => {
  await using given = await StaffHive.start();
  const { id } = await given.staff.Company.create({ name: "Acme" });
  assert.match(id, /^[\da-f-]{36}$/);
});

test("an event has a copy, the version and the names of changed fields", async () => {
  const bodies: unknown[] = [];
  const keys: unknown[] = [];
  const watch = actor("MemberChanged-Copy", Staff.events.MemberChanged, { name: "Copy" }, ({ body, event }) => {
    bodies.push(body);
    keys.push(event.partitionKey);
  });
  await using given = await StaffHive.start("memory:", [watch]);
  const { Company, Member } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Member.create({ id: "ada", company: "acme", name: "Ada" });
  await Member.patch("ada", { salary: 5, name: "Ada L." }, { by: "hr" });
  await Member.delete("ada");
  await given.hive.whenIdle();
  const entity2 = { company: "acme", name: "Ada L.", salary: 5, id: "ada", version: 2 };
  assert.equal(bodies[1], {
    id: "ada",
    version: 2,
    act: "updated",
    entity: entity2,
    changed: ["name", "salary"],
    by: "hr",
  });
  assert.equal((bodies[2] as { entity: unknown }).entity, null);
  assert.equal(keys, ["ada", "ada", "ada"]);
});

test("a failed change that no one awaits dead-letters its event", async () => {
  const Joined = eventType("Joined");
  const forgets = actor("Joined-Forgets", Joined, { uses: { staff: Staff.token } }, ({ staff }) => {
    void staff.Company.create({ id: "acme", name: "Acme" });
    void staff.as({ name: "ada" }).Company.get("missing");
  });
  await using given = await StaffHive.start("memory:", [forgets]);
  await given.staff.Company.create({ id: "acme", name: "Acme" });
  await given.hive.push(Joined.create({}));
  await given.hive.whenIdle();
  const letters = [];
  for await (const { errorName } of given.hive.queue("Joined-Forgets").deadLetters()) letters.push(errorName);
  assert.equal(letters, ["InvalidState"]);
});

test("versions go on after a deletion, so that no copy is older", async () => {
  await using given = await StaffHive.start();
  const { Company } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Company.patch("acme", { name: "Acme Ltd" });
  await Company.delete("acme");
  assert.is(await Company.find("acme"), undefined);
  assert.is((await Company.create({ id: "acme", name: "New" })).version, 4);
});

test("a write that changes nothing has no version and no event", async () => {
  await using given = await StaffHive.start();
  const { Company } = given.staff;
  await Company.put("acme", { name: "Acme" });
  await Company.put("acme", { name: "Acme" });
  await Company.patch("acme", {});
  assert.is((await Company.update("acme", { name: "Acme" })).version, 1);
  assert.equal(await given.changes(), ["acme created 1"]);
});

test("patches merge as RFC 7396 says, and null removes", async () => {
  await using given = await StaffHive.start();
  const { Company, Member } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Member.create({ id: "ada", company: "acme", name: "Ada", salary: 3, tags: { team: "a", floor: 2 } });
  const { tags, salary } = await Member.patch("ada", { salary: null, tags: { team: null, floor: 3 } });
  assert.equal([tags, salary], [{ floor: 3 }, undefined]);
});

test("concurrent patches are all applied, each with its version", async () => {
  await using given = await StaffHive.start();
  const { Company, Member } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Member.create({ id: "ada", company: "acme", name: "Ada" });
  const fields = [{ salary: 1 }, { name: "A" }, { tags: { team: "x" } }, { tags: { floor: 1 } }];
  const versions = await Promise.all(fields.map(async (patch) => (await Member.patch("ada", patch)).version));
  assert.equal(
    versions.toSorted((a, b) => a - b),
    [2, 3, 4, 5],
  );
  const { version, ...ada } = await Member.get("ada");
  assert.equal(ada, { company: "acme", name: "A", salary: 1, tags: { team: "x", floor: 1 }, id: "ada" });
  assert.is(version, 5);
});

test("a write over a version that is no longer stored is refused", async () => {
  await using given = await StaffHive.start();
  const { Company } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Company.patch("acme", { name: "A" }, { version: 1 });
  for (const write of [
    () => Company.patch("acme", { name: "B" }, { version: 1 }),
    () => Company.put("acme", { name: "B" }, { version: 1 }),
    () => Company.delete("acme", { version: 3 }),
    () => Company.put("other", { name: "B" }, { version: 1 }),
  ])
    assert.match((await throwsCode("ConcurrencyConflict", write)).message, /read it again/);
  assert.is((await Company.get("acme")).name, "A");
});

test("an entity that does not fit its schema is refused with each path", async () => {
  await using given = await StaffHive.start();
  const error = await given.staff.Member.create({ company: 3, name: "Ada", tags: { floor: "x" } } as never).catch(
    (one: unknown) => one,
  );
  assert.instance(error, InvalidEntity);
  assert.equal(
    (error as InvalidEntity).problems.map(({ path }) => path),
    ["company", "tags.floor"],
  );
  assert.equal(await given.changes(), []);
});

test("what a schema returns is stored, with its defaults", async () => {
  const Shop = entities("Shop", { Product: z.object({ id: z.string(), price: z.number().default(1) }) });
  await using given = await StaffHive.start("memory:", [
    actor("ProductChanged-X", Shop.events.ProductChanged, { name: "X" }, () => undefined),
  ]);
  const { Product } = given.hive.store(Shop.token);
  assert.equal(await Product.create({ id: "lamp" }), { id: "lamp", price: 1, version: 1 });
});

test("a missing entity is NotFound, and one that is there AlreadyExists", async () => {
  await using given = await StaffHive.start();
  const { Company } = given.staff;
  for (const call of [
    () => Company.get("acme"),
    () => Company.update("acme", { name: "A" }),
    () => Company.patch("acme", { name: "A" }),
    () => Company.delete("acme"),
  ])
    assert.match((await throwsCode("NotFound", call)).message, /There is no Company "acme"/);
  await Company.create({ id: "acme", name: "Acme" });
  await throwsCode("AlreadyExists", () => Company.create({ id: "acme", name: "B" }));
});

test("ids that cannot be keys are refused", async () => {
  await using given = await StaffHive.start();
  const { Company } = given.staff;
  for (const id of ["", "x".repeat(91), "a\u0000", "\ud800", 5 as never])
    await throwsCode("InvalidKey", () => Company.create({ id, name: "A" }));
  assert.match(
    (await throwsCode("InvalidItem", () => Company.update("acme", { id: "other", name: "A" }))).message,
    /cannot change/,
  );
});

test("a reference to an entity that does not exist is refused", async () => {
  await using given = await StaffHive.start();
  const { Company, Member } = given.staff;
  assert.match(
    (await throwsCode("InvalidItem", () => Member.create({ company: "acme", name: "Ada" }))).message,
    /company: there is no Company/,
  );
  await Company.create({ id: "acme", name: "Acme" });
  await Member.create({ id: "ada", company: "acme", name: "Ada" });
  assert.match((await throwsCode("InvalidItem", () => Member.patch("ada", { boss: "bob" }))).message, /boss/);
});

test("an entity that others refer to cannot be deleted before them", async () => {
  await using given = await StaffHive.start();
  const { Company, Member } = given.staff;
  await Company.create({ id: "acme", name: "Acme" });
  await Member.create({ id: "ada", company: "acme", name: "Ada" });
  assert.match(
    (await throwsCode("InvalidState", () => Company.delete("acme"))).message,
    /Member "ada" refers to it by company/,
  );
  await Member.delete("ada");
  await Company.delete("acme");
  assert.is(await Company.find("acme"), undefined);
});

test("an actor writes in its step, and the events go with its commit", async () => {
  const Hired = eventType<{ id: string; fails?: boolean }>("Hired", undefined, { entry: true });
  let runs = 0;
  const hire = actor(
    "Hired-Hire",
    Hired,
    { name: "Hire", uses: { staff: Staff.token }, publishes: Staff.published, retry: { minDelay: 1, maxDelay: 1 } },
    async ({ body, staff }) => {
      await staff.Member.create({ id: body.id, company: "acme", name: body.id });
      assert.is((await staff.Member.get(body.id)).version, 1);
      if (body.fails && runs++ === 0) throw new BeeHiveError("Unavailable", "once");
    },
  );
  await using given = await StaffHive.start("memory:", [hire]);
  await given.staff.Company.create({ id: "acme", name: "Acme" });
  await given.hive.push([Hired.create({ id: "ada" }), Hired.create({ id: "bob", fails: true })]);
  assert.equal(await given.changes(), ["acme created 1", "ada created 1", "bob created 1"]);
});

test("a refused graph that an actor survives leaves nothing in its step", async () => {
  const Tried = eventType("Tried", undefined, { entry: true });
  const attempt = actor(
    "Tried-Try",
    Tried,
    { name: "Try", uses: { staff: Staff.token }, publishes: Staff.published },
    async ({ staff }) => {
      const graph = staff.createGraph([
        { type: "Company", create: { id: "acme", name: "Acme" } },
        { type: "Member", create: { company: "nobody", name: "Ada" } },
      ]);
      await throwsCode("InvalidItem", () => graph);
      await staff.Company.create({ id: "other", name: "Other" });
    },
  );
  await using given = await StaffHive.start("memory:", [attempt]);
  await given.hive.push(Tried.create({}));
  assert.equal(await given.changes(), ["other created 1"]);
  assert.is(await given.staff.Company.find("acme"), undefined);
});

test("wrong declarations are refused with each problem", () => {
  const schema = z.object({ a: z.string() });
  assert.throws(
    () => entities("X", { lower: schema, A: entity(schema, { references: { a: "Nothing" } }), B: {} as never }),
    /"lower" must be a capital letter[^]*A.a refers to "Nothing"[^]*B has no Standard Schema|B has no Standard Schema/,
  );
  assert.throws(() => entities("no name", { A: schema }), /the name of entities/);
});

test.run();
