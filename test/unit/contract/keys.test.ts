import * as assert from "uvu/assert";
import { checkedKey, checkedName, maxKey } from "../../../src/contract/keys.ts";
import { compareIds } from "../../../src/provider-kit/rows.ts";
import { invalidKeys, invalidNames, keysInOrder, oddKeys } from "../../../src/testing/contracts/odd-keys.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Keys");

test("keys with odd characters are taken as they are", () => {
  for (const key of oddKeys) assert.is(checkedKey("a key", key), key);
});

test("InvalidKey names the key and the reason", async () => {
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

test("the error about a very long key does not repeat it whole", async () => {
  const { message } = await throwsCode("InvalidKey", () => checkedKey("a key", "x".repeat(100_000)));
  assert.ok(message.length < 300);
});

test("a name is a letter, then letters, digits and underscores", async () => {
  for (const name of ["Orders", "a", "A_1", "x".repeat(63)]) assert.is(checkedName("a name", name), name);
  for (const name of [...invalidNames, 7 as never]) await throwsCode("InvalidKey", () => checkedName("a name", name));
});

test("ids compare by their UTF-8 bytes", () => {
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
