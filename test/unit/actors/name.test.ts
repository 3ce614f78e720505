import { actorDescription, actorsFrom, createHive, Event, type ActorContext, type ActorOptions } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { makeEventGraph } from "../../../src/analysis/graph/make-event-graph.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the name of an actor");

/** The class of a minified bundle. */
class a {
  processAsync(_event: Event, { logger }: ActorContext): void {
    logger.info({}, "at work");
    throw new Error("broken");
  }
}
actorDescription("Order-Payment", { name: "Payment", retry: { maxAttempts: 1 } })(a);

test("the name is in logs and deliveries", async () => {
  const lines: string[] = [];
  const note = (fields: object, text?: string): void => void lines.push(`${JSON.stringify(fields)} ${text}`);
  const logger = { debug: note, info: note, warn: note, error: note };
  const hive = await TestHive.start({ actors: a, logger });
  await hive.push(new Event("Order", {}));
  await hive.settle();
  assert.is(String(hive.tree()), "Order\n  Payment: Payment → dead-lettered: broken\n");
  assert.ok(lines.some((line) => line.includes('"actor":"Payment"') && line.endsWith("at work")));
  await hive.stop();
});

test("overrides and variables find the name", async () => {
  const environment = { BEEHIVE_ACTOR_PARALLELISM_Payment: "7" };
  await using hive = await createHive({ actors: a, overrides: { Payment: { lease: "5s" } }, environment });
  assert.match(hive.describe(), /Payment on Order-Payment\n  parallelism  7 .*\n  lease        5000 /);
  const error = await failureOf(createHive({ actors: a, overrides: { a: { parallelism: 1 } } }));
  assert.match(error.message, "actors.a is neither an actor nor a subscription of this hive");
});

test("graphs draw the name", () => {
  const graph = makeEventGraph({ descriptors: actorsFrom(a) });
  assert.ok(JSON.stringify(graph).includes('"Payment"'));
});

test("several subscriptions of one class have names of their own", () => {
  class Both extends a {}
  actorDescription("Order-Two")(Both);
  actorDescription("Order-One", { name: "One" })(Both);
  assert.equal(
    actorsFrom(Both).map(({ name }) => name),
    ["One", "Both"],
  );
});

for (const name of ["", "two words", "1st", "a-b", 7, null]) {
  test(`the name ${JSON.stringify(name)} is refused`, async () => {
    class Odd extends a {}
    actorDescription("Order-Odd", { name } as ActorOptions)(Odd);
    const { message } = await failureOf(() => actorsFrom(Odd));
    assert.match(message, "name must be a letter, then letters, digits or underscores");
  });
}

test.run();
