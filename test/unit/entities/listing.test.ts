import fc from "fast-check";
import * as assert from "uvu/assert";
import { z } from "zod";
import { entities } from "../../../src/entities/index.ts";
import { indexRange, indexRow, isWithin, type IndexValue } from "../../../src/entities/keys.ts";
import { compareIds } from "../../../src/provider-kit/rows.ts";
import { StaffHive } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("lists of entities");

async function withMembers(): Promise<StaffHive> {
  const given = await StaffHive.start();
  const { staff } = given;
  await staff.Company.create({ id: "acme", name: "Acme" });
  await staff.Company.create({ id: "acme2", name: "Acme" });
  const salaries = [-5, 0, 0.5, 10, 9, 1e21];
  for (const [n, salary] of salaries.entries())
    await staff.Member.create({ id: `m${n}`, company: n < 4 ? "acme" : "acme2", name: `N${n}`, salary });
  return given;
}

test("entities are listed by id, in bounds and pages", async () => {
  await using given = await withMembers();
  const { Member } = given.staff;
  const ids = async (query: object): Promise<string[]> => (await Member.list(query)).items.map(({ id }) => id);
  assert.equal(await ids({}), ["m0", "m1", "m2", "m3", "m4", "m5"]);
  assert.equal(await ids({ from: "m2", to: "m4" }), ["m2", "m3"]);
  const first = await Member.list({ limit: 4 });
  assert.is(first.items.length, 4);
  const second = await Member.list({ limit: 4, cursor: first.next });
  assert.equal([second.items.map(({ id }) => id), second.next], [["m4", "m5"], undefined]);
  await Member.delete("m1");
  assert.equal((await ids({})).length, 5);
});

test("entities are listed by an index, in the order of its values", async () => {
  await using given = await withMembers();
  const { Member } = given.staff;
  const salaries = async (query: object): Promise<unknown[]> =>
    (await Member.list({ by: "salary", ...query })).items.map(({ salary }) => salary);
  assert.equal(await salaries({}), [-5, 0, 0.5, 9, 10, 1e21]);
  assert.equal(await salaries({ from: 0, to: 10 }), [0, 0.5, 9]);
  assert.equal(await salaries({ to: 0 }), [-5]);
  assert.equal(await salaries({ equals: 9 }), [9]);
  assert.equal((await Member.list({ by: "company", equals: "acme" })).items.length, 4);
  await Member.patch("m3", { salary: -7, company: "acme2" });
  assert.equal(await salaries({}), [-7, -5, 0, 0.5, 9, 1e21]);
  const first = await Member.list({ by: "salary", limit: 3 });
  const rest = await Member.list({ by: "salary", limit: 3, cursor: first.next });
  assert.equal(
    rest.items.map(({ salary }) => salary),
    [0.5, 9, 1e21],
  );
});

test("wrong queries are refused", async () => {
  await using given = await withMembers();
  const { Member } = given.staff;
  const wrong = [{ limit: 0 }, { limit: 1.5 }, { limit: 1_001 }, { by: "boss_" }, { equals: "x" }, { from: 5 }];
  for (const query of wrong) await throwsCode("InvalidKey", () => Member.list(query as never));
  const { next } = await Member.list({ limit: 1 });
  await throwsCode("InvalidKey", () => Member.list({ by: "name", cursor: next }));
  await throwsCode("InvalidKey", () => Member.list({ cursor: "AAAA" }));
});

test("an index finds no value that its reader does not see", async () => {
  await using given = await withMembers();
  const worker = given.staff.as({ name: "bob", company: "acme" }).Member;
  assert.equal((await worker.list({ by: "salary" })).items, []);
  assert.equal((await worker.list({ by: "salary", equals: 10 })).items, []);
  assert.equal((await worker.list({ by: "name" })).items.length, 4);
});

const values = fc.oneof(
  fc.boolean(),
  fc.double({ noNaN: true }).map((one) => one + 0),
  fc.integer({ min: -3, max: 3 }),
  fc.string({ maxLength: 6 }),
  fc.string({ unit: fc.constantFrom("a", " ", "!", "\u0001", "\u007f", "é", "😀", "\ud800"), maxLength: 120 }),
  fc.string({ unit: fc.constantFrom("a", "\u007f", "\u009f", "\u00a0", "\u00a1"), maxLength: 3 }),
);

test("the range of an index holds each value within its bounds", () => {
  fc.assert(
    fc.property(values, values, values, (value, low, high) => {
      const row = indexRow("Type", "field", value, "id");
      for (const bounds of [{ equals: low }, { from: low }, { to: high }, { from: low, to: high }, {}])
        if (isWithin(value, bounds)) {
          const { from, to } = indexRange("Type", "field", bounds);
          assert.ok(compareIds(from, row) <= 0 && compareIds(row, to) < 0, JSON.stringify({ value, bounds }));
        }
    }),
    { numRuns: 2_000 },
  );
});

test("entries of an index sort as short values do", () => {
  const short = fc.oneof(
    fc.double({ noNaN: true }).map((one) => one + 0),
    fc.string({ unit: "grapheme-ascii", maxLength: 20 }),
  );
  fc.assert(
    fc.property(short, short, (a: IndexValue, b: IndexValue) => {
      if (typeof a !== typeof b || a === b) return;
      const order = typeof a === "string" ? compareIds(a, b as string) : a < b ? -1 : 1;
      const rows = compareIds(indexRow("T", "f", a, "z"), indexRow("T", "f", b, "a"));
      assert.is(Math.sign(rows), Math.sign(order));
    }),
    { numRuns: 2_000 },
  );
});

test("reindex finds entities that were stored before their indexes", async () => {
  await using given = await StaffHive.start();
  const { hive, staff } = given;
  // An older declaration of the same entities, without indexes and references.
  const before = hive.store(
    entities("Staff", { Company: z.looseObject({}), Member: z.looseObject({ company: z.string() }) }).token,
  );
  await before.Company.create({ id: "acme", name: "Acme" });
  for (const name of ["Ada", "Bob", "Eve"])
    await before.Member.create({ id: name.toLowerCase(), company: "acme", name });
  await before.Member.delete("eve");
  const byName = async (): Promise<unknown[]> =>
    (await staff.Member.list({ by: "name" })).items.map(({ name }) => name);
  const published = (await given.changes()).length;
  assert.equal(await byName(), []);

  assert.is(await staff.Member.reindex(), 2);
  assert.equal(await byName(), ["Ada", "Bob"]);
  await throwsCode("InvalidState", () => staff.Company.delete("acme"));
  assert.is(await staff.Member.reindex(), 2);
  assert.is((await given.changes()).length, published);
  await throwsCode("AccessDenied", () => staff.as({ name: "hr", isHr: true }).Member.reindex());
});

test.run();
