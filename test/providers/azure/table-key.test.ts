import fc from "fast-check";
import * as assert from "uvu/assert";
import { toEntity, toRow } from "../../../providers/azure/stores/entity.ts";
import { decodeKey, encodeKey, shortKey } from "../../../providers/azure/stores/table-key.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import { compareIds } from "../../../src/provider-kit/rows.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: keys and values of tables");
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((one) => one.isWellFormed());

test("encoded keys hold only allowed characters and decode", () => {
  fc.assert(
    fc.property(text, (one) => {
      const key = encodeKey(one);
      assert.match(key, /^[0-9A-Za-z!:_~]*$/);
      assert.is(decodeKey(key), one);
    }),
  );
});

test("encoded texts sort as before", () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [a, b] = [encodeKey(one), encodeKey(other)];
      assert.is(Math.sign(compareIds(one, other)), a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test("shortened keys fit and differ", () => {
  const [a, b] = [shortKey("漢".repeat(255)), shortKey(`${"漢".repeat(254)}字`)];
  assert.ok(a.length <= 512 && b.length <= 512 && a !== b);
});

test("a value with surrogates anywhere survives being split", () => {
  const key = { table: "collection/Orders", partition: "", id: "a" };
  for (const value of ["", "x", `${"x".repeat(31_999)}🐝${"🐝".repeat(40_000)}`]) {
    const entity = toEntity(key, { value, etag: "e", modified: 1 });
    for (const one of Object.values(entity))
      assert.ok(typeof one !== "string" || (one.isWellFormed() && one.length <= 32_768));
    assert.is(toRow(key, entity as never).value, value);
  }
});

test("an item too large is TooLarge with its size and the limit", () => {
  try {
    toEntity(
      { table: "collection/Orders", partition: "", id: "large" },
      { value: "x".repeat(600_000), etag: "e", modified: 1 },
    );
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "TooLarge"));
    assert.match(error.message, /"large".*1200000 bytes.*1040384/);
  }
});

test.run();
