import * as assert from "uvu/assert";
import { Turnstile } from "../../../src/base/turnstile.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Turnstile");
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("callers of one name have turns in order", async () => {
  const turnstile = new Turnstile();
  const log: string[] = [];
  await Promise.all(
    ["a", "b", "c"].map(async (who) => {
      const leave = await turnstile.enter("item");
      log.push(`${who} in`);
      await turn();
      log.push(`${who} out`);
      leave();
    }),
  );
  assert.equal(log, ["a in", "a out", "b in", "b out", "c in", "c out"]);
});

test("names do not wait for each other", async () => {
  const turnstile = new Turnstile();
  await turnstile.enter("one");
  await turnstile.enter("another");
});

test("a turn may end twice and frees the way", async () => {
  const turnstile = new Turnstile();
  const leave = await turnstile.enter("item");
  leave();
  leave();
  (await turnstile.enter("item"))();
  await turnstile.enter("item");
});

test("it is occupied until the last caller has left", async () => {
  const turnstile = new Turnstile();
  assert.not.ok(turnstile.occupied);
  const first = await turnstile.enter("item");
  const second = turnstile.enter("item");
  first();
  assert.ok(turnstile.occupied);
  (await second)();
  assert.not.ok(turnstile.occupied);
});

test.run();
