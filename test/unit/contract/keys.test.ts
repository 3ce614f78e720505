import * as assert from "uvu/assert";
import { checkedKey, checkedName, maxKey } from "../../../src/contract/keys.ts";
import { compareIds } from "../../../src/provider-kit/rows.ts";
import { invalidKeys, invalidNames, keysInOrder, oddKeys } from "../../../src/testing/contracts/odd-keys.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Keys");

test("given keys with odd characters, then each is taken as it is", () => {
  for (const key of oddKeys) assert.is(checkedKey("a key", key), key);
});

test("given what can't be a key, then InvalidKey says what it was to be and why", async () => {
  for (const key of invalidKeys) await throwsCode("InvalidKey", () => checkedKey("a key", key));
  const reasons = [
    ["", /cannot be the key of a list: it is empty/],
    ["a\nb", /control characters/],
    ["\ud83d", /well-formed/],
    ["x".repeat(maxKey + 1), /256 characters, at most 255/],
    [7, /number, not a text/],
    [undefined, /: it is undefined, not a text/],
  ] as const;
  for (const [key, reason] of reasons) {
    assert.match(
      (await throwsCode("InvalidKey", () => checkedKey("the key of a list", key as string))).message,
      reason,
    );
  }
});

test("given a very long key, then the error does not repeat it whole", async () => {
  const { message } = await throwsCode("InvalidKey", () => checkedKey("a key", "x".repeat(100_000)));
  assert.ok(message.length < 300);
});

test("given names, then a letter and then letters, digits and underscores are taken", async () => {
  for (const name of ["Orders", "a", "A_1", "x".repeat(63)]) assert.is(checkedName("a name", name), name);
  for (const name of [...invalidNames, 7 as never]) await throwsCode("InvalidKey", () => checkedName("a name", name));
});

test("given ids, when they are compared, then the order is that of their UTF-8 bytes", () => {
  const ids = [
    ...keysInOrder,
    ...oddKeys,
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "a\u{1f600}b",
    "a\uff5eb",
  ];
  for (const a of ids)
    for (const b of ids)
      assert.is(Math.sign(compareIds(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)), `${a} ${b}`);
});

test.run();
