import * as assert from "uvu/assert";
import { InvalidEntity } from "../../../src/entities/index.ts";
import { StaffHive } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("graphs of entities");

test("a graph refers to its own entities by name, also backwards", async () => {
  await using given = await StaffHive.start();
  const { staff } = given;
  const [bob, acme, ada] = await staff.createGraph(
    [
      { type: "Member", create: { id: "bob", name: "Bob", company: "#acme", boss: "#ada" } },
      { type: "Company", as: "acme", create: { name: "Acme" } },
      { type: "Member", as: "ada", id: "ada", create: { name: "Ada", company: "#acme" } },
    ],
    { by: "hr" },
  );
  assert.is(bob.company, acme.id);
  assert.is(bob.boss, ada.id);
  assert.equal(await given.changes(), [
    ...["ada created 1 by hr", "bob created 1 by hr", `${acme.id} created 1 by hr`].toSorted(),
  ]);
});

test("a graph creates, replaces, patches and deletes at once", async () => {
  await using given = await StaffHive.start();
  const { staff } = given;
  await staff.createGraph([
    { type: "Company", create: { id: "acme", name: "Acme" } },
    { type: "Company", create: { id: "old", name: "Old" } },
    { type: "Member", create: { id: "ada", name: "Ada", company: "old" } },
    { type: "Member", create: { id: "bob", name: "Bob", company: "old" } },
  ]);
  const [ada, bob, old] = await staff.createGraph([
    { type: "Member", id: "ada", patch: { company: "acme" }, version: 1 },
    { type: "Member", id: "bob", update: { name: "Rob", company: "acme" } },
    { type: "Company", id: "old", delete: true },
  ]);
  assert.equal([ada.version, bob.name, old], [2, "Rob", undefined]);
  assert.equal((await staff.Member.list({ by: "company", equals: "old" })).items, []);
});

test("one refused entry leaves the graph and its events out", async () => {
  await using given = await StaffHive.start();
  const { staff } = given;
  await staff.Company.create({ id: "acme", name: "Acme" });
  const good = { type: "Company", create: { id: "new", name: "New" } } as const;
  const refused = [
    [{ type: "Member", create: { name: "Ada", company: "nobody" } }, "InvalidItem"],
    [{ type: "Member", create: { name: 3, company: "acme" } }, "InvalidItem"],
    [{ type: "Company", create: { id: "acme", name: "Twice" } }, "AlreadyExists"],
    [{ type: "Company", id: "acme", patch: { name: "A" }, version: 7 }, "ConcurrencyConflict"],
    [{ type: "Company", id: "nobody", delete: true }, "NotFound"],
    [{ type: "Company", create: { id: "new", name: "Again" } }, "InvalidItem"],
    [{ type: "Nothing", create: {} }, "InvalidItem"],
    [{ type: "Company", id: "x", create: {}, put: {} }, "InvalidItem"],
    [{ type: "Company" }, "InvalidItem"],
  ] as const;
  for (const [entry, code] of refused) await throwsCode(code, () => staff.createGraph([good, entry as never]));
  assert.is(await staff.Company.find("new"), undefined);
  assert.equal(await given.changes(), ["acme created 1"]);
});

test("the problems of a graph name the entry and the path", async () => {
  await using given = await StaffHive.start();
  const error = await given.staff
    .createGraph([
      { type: "Company", create: { id: "acme", name: "Acme" } },
      { type: "Member", create: { name: "Ada", company: "#nobody" } },
    ])
    .catch((one: unknown) => one);
  assert.instance(error, InvalidEntity);
  assert.is((error as InvalidEntity).problems[0]?.path, "1.company");
});

test("a graph cannot delete what an entity in it still refers to", async () => {
  await using given = await StaffHive.start();
  const { staff } = given;
  await staff.Company.create({ id: "acme", name: "Acme" });
  await staff.Member.create({ id: "ada", name: "Ada", company: "acme" });
  const remove = { type: "Company", id: "acme", delete: true } as const;
  await throwsCode("InvalidItem", () =>
    staff.createGraph([remove, { type: "Member", id: "ada", patch: { name: "Ada L." } }]),
  );
  await throwsCode("InvalidItem", () =>
    staff.createGraph([remove, { type: "Member", create: { name: "Bob", company: "acme" } }]),
  );
  await staff.createGraph([remove, { type: "Member", id: "ada", delete: true }]);
  assert.is(await staff.Member.find("ada"), undefined);
});

test("an empty graph changes nothing", async () => {
  await using given = await StaffHive.start();
  assert.equal(await given.staff.createGraph([]), []);
});

test.run();
