/** Actors that block the event loop are named in the log. */
import { createHive, Event, silentLogger, type Logger } from "beehive-actors";
import * as assert from "uvu/assert";
import type { Work } from "../../../../src/testing/contracts/hive/harness.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("a blocked event loop");

/** Returns the log line of a hive whose actor blocks for as long as it takes to be noticed. */
async function lineOf(work: Work, others: Work = () => {}): Promise<object> {
  let told: (fields: object) => void = () => {};
  const line = new Promise<object>((resolve) => (told = resolve));
  const logger: Logger = {
    ...silentLogger,
    warn: (fields, message) => void (message.startsWith("the event loop was blocked") && told(fields)),
  };
  const actors = [actor("Sum-Blocks", work, { name: "Blocks" }), actor("Sum-Waits", others, { name: "Waits" })];
  await using hive = await createHive({ actors, logger });
  await hive.start();
  await hive.push(new Event("Sum"));
  return await line;
}

function block(): void {
  const until = performance.now() + 2_200;
  while (performance.now() < until);
}

test("an actor that blocks before its first await is named", async () => {
  const line = (await lineOf(block)) as { readonly actor?: string; readonly blockedMs: number };
  assert.is(line.actor, "Blocks");
  assert.ok(line.blockedMs >= 1_000);
});

test("a block after an await names the actors at work", async () => {
  const later: Work = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    block();
  };
  const line = await lineOf(later, () => new Promise((resolve) => setTimeout(resolve, 500)));
  assert.equal(Object.assign({}, line, { blockedMs: 0 }), { blockedMs: 0, actors: ["Blocks", "Waits"] });
});

test.run();
