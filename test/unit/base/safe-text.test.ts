import * as assert from "uvu/assert";
import { safeStack, safeText } from "../../../src/base/safe-text.ts";
import { secretShapes, theSecret } from "../../support/secrets.ts";
import { suite } from "../../support/suite.ts";

const test = suite("texts that leave the process");

test("a short text stays, a long one ends with an ellipsis", () => {
  assert.is(safeText("short", 10), "short");
  assert.is(safeText("0123456789", 10), "0123456789");
  assert.is(safeText("0123456789a", 10), "012345678…");
  assert.is(safeText("a".repeat(1_000_000), 10), "aaaaaaaaa…");
});

test("a secret that a cut divides is masked", () => {
  const words = "all is well ".repeat(200);
  for (const [what, text] of Object.entries(secretShapes))
    for (const cut of [200, 1_224])
      for (let before = 0; before < Math.min(cut, text.length); before += 3) {
        const told = safeText(`${words.slice(0, cut - before - 1)} ${text} ${words}`, 200);
        assert.not.match(told, theSecret.slice(0, 4), `${what}, ${before} before the cut at ${cut}`);
      }
});

test("masks that make a text shorter let no half of a secret in", () => {
  const masked = `password=${"x".repeat(100)} `.repeat(10);
  const told = safeText(`${masked}https://user:${theSecret.repeat(10)}@host/`, 200);
  assert.not.match(told, theSecret.slice(0, 4));
});

test("a secret beyond the search limit is known by its beginning", () => {
  const long = theSecret.repeat(1_000);
  for (const text of [
    `password=${long}`,
    `{"password":"${long}"}`,
    `-----BEGIN PRIVATE KEY-----\n${long}`,
    `https://user:${long}@host/`,
    `sent eyJhbGciOiJIUzI1NiJ9.eyJ${long}.x`,
  ])
    assert.not.match(safeText(text, 200), theSecret.slice(0, 8));
});

test("a long secret leaves the text before it", () => {
  const before = "failed 3 times, the last with: password=x GET https://api.example/orders";
  for (const length of [900, 1_500, 3_000, 30_000])
    for (const behind of ["", " answered 401 ".repeat(300)]) {
      const told = safeText(`${before}?token=${"a".repeat(length)}${behind}`, 1_024);
      assert.is(told.slice(0, 80), `${before.replace("=x", "=***")}?token=***`.slice(0, 80));
      assert.ok(told.isWellFormed() && told.length <= 1_024);
    }
  assert.is(safeText(`password=${"x".repeat(20_000)}`, 1_024), "password=***…");
});

test("a text of any length takes no time", () => {
  const text = "the service answered lorem ipsum dolor ".repeat(1_500_000);
  const startedAt = process.cpuUsage();
  for (let i = 0; i < 100; i++) safeText(text, 1_024);
  assert.ok(process.cpuUsage(startedAt).user < 1_000_000);
});

test("no half of a character is left", () => {
  for (const bees of [5, 5_000])
    for (let length = 5; length < 9; length++) assert.ok(safeText("🐝".repeat(bees), length).isWellFormed());
});

test("a stack keeps its lines of places, whatever the message", () => {
  const { stack = "" } = new Error(`password=${theSecret} ${"answer ".repeat(100_000)}`);
  const told = safeStack(stack, 4_096);
  assert.match(told, "Error: password=*** answer answer");
  assert.match(told, /\n {4}at .*safe-text\.test\.ts/);
  assert.ok(told.length <= 4_096);
  assert.is(safeStack("no lines", 4_096), "no lines");
});

test.run();
