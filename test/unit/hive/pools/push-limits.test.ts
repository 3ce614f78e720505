/** Pushes to queues that must not grow without end. */
import { createHive, Event, isBeeHiveError, Overloaded, silentLogger, type Hive, type PushLimit } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { sleep } from "../../../../src/base/clock.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("limits of pushes");
const queue = "Page-Render";

/** A hive that only publishes, with a limit, and one that renders a page in 100 ms. */
async function scene(limit: Omit<PushLimit, "queue">, { renders = true } = {}) {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const render = actor(queue, (_, context) => sleep(context.clock, 100), { parallelism: 1 });
  const renderer = await createHive({ actors: render, provider, clock, logger: silentLogger });
  await (renders ? renderer.start() : renderer.setup());
  const hive = await createHive({ provider, clock, logger: silentLogger, limits: [{ queue, ...limit }] });
  const ready = async (): Promise<number> => (await provider.queues.counts(QueueName.parse(queue))).ready;
  return { clock, hive, renderer, ready };
}

async function refusal(hive: Hive): Promise<Overloaded> {
  const error = await throwsCode("Overloaded", () => hive.push(new Event("Page")));
  assert.instance(error, Overloaded);
  return error as Overloaded;
}

test("a push above the limit is refused, and nothing is published", async () => {
  const { hive, ready } = await scene({ above: 3 }, { renders: false });
  for (let n = 0; n < 3; n++) await hive.push(new Event("Page", n));
  const { queue: full, retryAfterMs, message, retryable } = await refusal(hive);
  assert.equal([full, retryAfterMs, retryable], [queue, 5_000, true]);
  assert.match(message, "Page-Render has 3 events ready, and its limit is 3; nothing was published.");
  assert.is(await ready(), 3);
});

test("the time to retry follows the rate at which the queue drains", async () => {
  const { hive, clock } = await scene({ above: 100 });
  await hive.push(Array.from({ length: 500 }, (_, n) => new Event("Page", n)));
  await refusal(hive);
  await clock.advance("10s");
  // 10 a second leave, and 300 are too many.
  const { retryAfterMs } = await refusal(hive);
  assert.ok(Math.abs(retryAfterMs - 30_000) < 1_000, `${retryAfterMs}`);
});

test("pushes to other topics are not limited", async () => {
  const { hive } = await scene({ above: 1 }, { renders: false });
  await hive.push(new Event("Page"));
  await refusal(hive);
  const error: unknown = await hive.push(new Event("Other")).catch((thrown: unknown) => thrown);
  assert.is(isBeeHiveError(error, "Overloaded"), false);
});

test("waiting pushes keep a queue under its limit at ten times its drain", async () => {
  const above = 20;
  const { hive, clock, ready } = await scene({ above, onFull: "wait", maxWait: "5m" });
  let pushed = 0;
  const pushing = (async () => {
    for (let n = 0; n < 300; n++) {
      await hive.push(new Event("Page", n));
      pushed++;
      await sleep(clock, 10);
    }
  })();
  let most = 0;
  for (let n = 0; n < 400; n++) {
    await clock.advance(100);
    most = Math.max(most, await ready());
  }
  await pushing;
  assert.is(pushed, 300);
  assert.ok(most <= above && most > above / 2, `${most} were ready`);
});

test("a push that waits for too long is refused", async () => {
  const { hive, clock } = await scene({ above: 1, onFull: "wait", maxWait: "2s" }, { renders: false });
  await hive.push(new Event("Page"));
  const waiting = refusal(hive);
  await clock.advance("2s");
  assert.match((await waiting).message, "The push waited for 2000 ms.");
});

test("a push that waits ends with InvalidState when the hive stops", async () => {
  const { hive, clock } = await scene({ above: 1, onFull: "wait" }, { renders: false });
  await hive.push(new Event("Page"));
  const waiting = throwsCode("InvalidState", () => hive.push(new Event("Page")));
  await clock.advance(100);
  await hive.stop();
  await clock.advance("1s");
  await waiting;
});

test("wrong limits are refused with every problem", async () => {
  const limits = [
    { queue: "Page-", above: 0, onFull: "block" },
    { queue: 5, maxWait: "1s" },
  ] as unknown;
  const error = await throwsCode("InvalidConfiguration", () =>
    createHive({ limits: limits as readonly PushLimit[], logger: silentLogger }),
  );
  for (const part of [
    'limits[0].queue: "Page-" is a topic; name one of its subscriptions',
    "limits[0].above must be a whole number from 1, not 0",
    "limits[0].onFull must be refuse or wait",
    "limits[1].queue must be the name of a queue, not 5",
    'limits[1].maxWait needs onFull: "wait"',
  ])
    assert.match(error.message, part);
});

test.run();
