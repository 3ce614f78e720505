import * as assert from "uvu/assert";
import { Turnstile } from "../../../src/base/turnstile.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Turnstile");
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("given several at one name, then one passes at a time, in the order they came", async () => {
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

test("given another name, then nobody waits", async () => {
  const turnstile = new Turnstile();
  await turnstile.enter("one");
  await turnstile.enter("another");
});

test("given a turn that ended, when somebody comes later or the turn is ended twice, then the way is free", async () => {
  const turnstile = new Turnstile();
  const leave = await turnstile.enter("item");
  leave();
  leave();
  (await turnstile.enter("item"))();
  await turnstile.enter("item");
});

test("given somebody who passes, then it is occupied until the last has left", async () => {
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
