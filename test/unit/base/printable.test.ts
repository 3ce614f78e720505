import * as assert from "uvu/assert";
import { printable, printableLine } from "../../../src/base/printable.ts";
import { suite } from "../../support/suite.ts";

const test = suite("printable");

test("commands for terminals and changes of direction become escapes", () => {
  assert.is(printable("a\u001b[2J\u009b\u007f\r\u202eb"), String.raw`a\u001b[2J\u009b\u007f\u000d\u202eb`);
});

test("lines stay lines, and become escapes in a text of one line", () => {
  assert.is(printable("one\r\n\ttwo 🐝"), "one\n\ttwo 🐝");
  assert.is(printableLine("one\n\ttwo"), String.raw`one\u000a\u0009two`);
});

test("a line of JSON stays the same JSON", () => {
  const value = { text: "\u001b\u009b\u2066 \n" };
  assert.equal(JSON.parse(printable(JSON.stringify(value))), value);
});

test.run();
