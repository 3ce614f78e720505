import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import fc from "fast-check";
import { IdSet } from "../../../src/provider-kit/id-set.ts";
import { suite } from "../../support/suite.ts";

const test = suite("IdSet");

/** UUIDs, texts as long as UUIDs in every kind of character, and others. */
const anyId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  // Nearly a UUID: another character somewhere.
  fc
    .tuple(fc.uuid(), fc.nat(35), fc.constantFrom("0", "f", "g", "F", "-", "/", ":", "`", "ÿ", "\u0130"))
    .map(([id, at, character]) => id.slice(0, at) + character + id.slice(at + 1)),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("0", "a", "Ā", "€", "😀"), minLength: 34, maxLength: 37 }),
  fc.constantFrom("0".repeat(36), "Ā".repeat(36), "é".repeat(18), "é".repeat(36)),
  // Halves of surrogate pairs: in UTF-8 they are all equal.
  fc.constantFrom("\ud800".repeat(12), "\ud801".repeat(12)),
);

test("add reports new ids as a Set would", () => {
  fc.assert(
    fc.property(fc.array(anyId, { maxLength: 300 }), (ids) => {
      const set = new IdSet();
      const model = new Set<string>();
      for (const id of [...ids, ...ids]) {
        for (const group of [1, 2 ** 32 - 1]) {
          const name = `${group} ${id}`;
          assert.is(set.has(group, id), model.has(name));
          assert.is(set.add(group, id), !model.has(name));
          model.add(name);
          assert.is(set.has(group, id), true);
          assert.is(set.size, model.size);
        }
      }
    }),
  );
});

test("add reports new ids among a million", () => {
  const set = new IdSet();
  const count = 2 ** 20 + 100;
  const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  let added = 0;
  for (let n = 0; n < count; n++) if (set.add(1, idOf(n))) added++;
  assert.is(added, count);
  assert.is(set.size, count);
  const again = [0, 1, 2 ** 20 - 1, 2 ** 20, count - 1];
  assert.equal(
    again.map((n) => [set.has(1, idOf(n)), set.add(1, idOf(n))]),
    again.map(() => [true, false]),
  );
  assert.is(set.has(1, idOf(count)), false);
});

test("a set that grew keeps all ids and no others", () => {
  const set = new IdSet();
  const ids = Array.from({ length: 5_000 }, () => randomUUID());
  for (const id of ids) assert.is(set.add(1, id), true);
  assert.ok(ids.every((id) => set.has(1, id)));
  assert.not(ids.some((id) => set.has(2, id) || set.has(1, id.replace(/.$/, "x"))));
  assert.is(set.size, 5_000);
});

test("ids beyond the size of a table are kept", () => {
  const set = new IdSet(3, 100);
  const ids = Array.from({ length: 1_000 }, () => randomUUID());
  for (const id of ids) assert.is(set.add(1, id), true);
  for (const id of ids) assert.equal([set.has(1, id), set.add(1, id), set.has(2, id)], [true, false, false]);
  assert.is(set.size, 1_000);
});

test("after clear every id is new", () => {
  const set = new IdSet();
  const ids = [randomUUID(), "short", "long".repeat(30)];
  for (const id of ids) set.add(1, id);
  set.clear();
  assert.is(set.size, 0);
  for (const id of ids) assert.is(set.add(1, id), true);
});

test.run();
