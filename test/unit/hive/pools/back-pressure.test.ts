/** Actors that wait while a queue downstream is full. */
import { actorDescription, createHive, Event, silentLogger, type ActorOptions, type HoldWhen } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { sleep } from "../../../../src/base/clock.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("back pressure");
const queue = "Page-Render";

/** An actor that makes ten pages a second of each slot, and one that renders ten a second in all. */
async function scene(above: number, options: ActorOptions = {}, pages = 1) {
  const write = actor(
    "Order-Write",
    async (_, { clock }) => {
      await sleep(clock, 100);
      return Array.from({ length: pages }, (_one, n) => new Event("Page", n));
    },
    { holdWhen: { queue, above }, parallelism: 10, publishes: ["Page"], ...options },
  );
  const render = actor(queue, (_, { clock }) => sleep(clock, 100), { parallelism: 1 });
  const hive = await TestHive.start({ actors: [write, render] });
  const ready = async (name = queue): Promise<number> =>
    (await hive.hive.provider.queues.counts(QueueName.parse(name))).ready;
  return { hive, ready };
}

const orders = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event("Order", n));

for (const pages of [1, 4])
  test(`a queue stays under its limit at ten times its drain, ${pages} events a step`, async () => {
    const { hive, ready } = await scene(100, {}, pages);
    await hive.push(orders(300));
    let most = 0;
    for (let n = 0; n < 600; n++) {
      await hive.clock.advance(100);
      most = Math.max(most, await ready());
    }
    assert.ok(most <= 100 && most > 40, `${most} were ready`);
    await hive.settle();
    assert.is(await ready("Order-Write"), 0);
    await hive.stop();
  });

test("the queue downstream is never empty while events wait upstream", async () => {
  const { hive, ready } = await scene(100);
  await hive.push(orders(400));
  await hive.clock.advance("5s");
  for (let n = 0; n < 200; n++) {
    await hive.clock.advance(100);
    assert.ok((await ready()) > 0);
  }
  await hive.stop();
});

test("health, heartbeats, pauses and traces say why nothing is leased", async () => {
  const { hive, ready } = await scene(40);
  const late = new Event("Order", "late");
  await hive.push([...orders(200), late]);
  while ((await ready()) < 29) await hive.clock.advance(100);
  const reason = /^Page-Render has \d+ events ready, and its limit is 40$/;
  const { detail } = await hive.hive.health();
  assert.is(detail.actors[0]?.paused?.by, "back-pressure");
  assert.match(detail.actors[0]?.paused?.reason ?? "", reason);
  const [process] = await hive.hive.hives();
  assert.is(process?.subscriptions[0]?.paused?.until, undefined);
  const [pause] = await hive.hive.operator.pauses();
  assert.equal([pause?.on, pause?.by], ["Order-Write", "back-pressure"]);
  assert.match(pause?.reason ?? "", reason);
  const trace = await hive.hive.trace(late.id);
  assert.is(trace.roots[0]?.branches[0]?.paused?.by, "back-pressure");
  await hive.stop();
});

test("a stop ends at once while a queue downstream is full", async () => {
  const { hive, ready } = await scene(40);
  await hive.push(orders(100));
  while ((await ready()) < 29) await hive.clock.advance(100);
  const stopping = hive.hive.stop({ deadline: "1s" });
  await hive.clock.advance("1s");
  await stopping;
});

test("a queue that cannot be counted holds nothing, and is told once", async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
  const seen: string[] = [];
  const write = actor("Order-Write", (event) => void seen.push(event.id), {
    holdWhen: { queue: "Other-Queue", above: 1 },
  });
  await using hive = await TestHive.start({ actors: write, logger });
  await hive.push(orders(3));
  await hive.clock.advance("1m");
  assert.is(seen.length, 3);
  assert.equal(warnings, ["a queue of holdWhen cannot be counted; the last count holds"]);
});

/** Returns an actor on `from` that publishes to `to`, held by `queues`. */
function held(from: string, ...queues: readonly string[]) {
  class Held {
    async processAsync(): Promise<void> {}
  }
  const holdWhen = queues.map((one): HoldWhen => ({ queue: one, above: 10 }));
  actorDescription(from, { holdWhen, name: from.replace("-", "") })(Held);
  return Held;
}

test("actors that would hold each other for ever are refused", async () => {
  const error = await throwsCode("InvalidConfiguration", () =>
    createHive({ actors: [held("A-X", "B-X"), held("B-X", "C-X"), held("C-X", "B-X"), held("D-X", "D-X")] }),
  );
  assert.match(error.message, "B-X is held by C-X is held by B-X: full queues would hold all of them for ever");
  assert.match(error.message, "D-X is held by its own queue, which nobody else empties");
  assert.not.match(error.message, "A-X is");
});

test("a chain of held actors is no circle", async () => {
  await (await createHive({ actors: [held("A-X", "B-X", "C-X"), held("B-X", "C-X"), held("C-X")] })).stop();
});

test("wrong options are refused with every problem", async () => {
  const wrong = { queue: "A-", above: 0, over: 1 } as unknown as HoldWhen;
  class Wrong {
    async processAsync(): Promise<void> {}
  }
  actorDescription("A-X", { holdWhen: [wrong, { queue: "A-X", above: 5, below: 5 }] })(Wrong);
  const error = await throwsCode("InvalidConfiguration", () => createHive({ actors: Wrong }));
  for (const part of [
    "holdWhen.over is not an option; there are queue, above, below",
    'holdWhen.queue: "A-" is a topic; name one of its subscriptions',
    "holdWhen.above must be a whole number from 1, not 0",
    "holdWhen.below is 5, and must be less than holdWhen.above, 5",
  ])
    assert.match(error.message, part);
});

test.run();
