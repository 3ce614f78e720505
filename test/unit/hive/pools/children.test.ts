/** Children that actors start, and that live as long as the hive. */
import {
  actorDescription,
  BeeHiveError,
  createHive,
  Event,
  silentLogger,
  type ChildRun,
  type SpawnOptions,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { sleep } from "../../../../src/base/clock.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { actor, tampered } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("context.spawn");

/** A hive with an actor that starts the child at each event, and one that notes what children publish. */
async function scene(run: ChildRun, options?: SpawnOptions) {
  const started: boolean[] = [];
  const noted: unknown[] = [];
  const opens = actor("Feed-Opens", (_, context) => void started.push(context.spawn("feed", run, options)));
  const notes = actor("Found-Notes", (event) => void noted.push(event.getBody()));
  const hive = await TestHive.start({ actors: [opens, notes] });
  await hive.push(new Event("Feed"));
  await hive.clock.advance(1);
  return { hive, started, noted };
}

const ends: ChildRun = async () => {};
const forever: ChildRun = ({ clock, signal }) => sleep(clock, 1e9, signal);

test("a child outlives its event, and publishes", async () => {
  const { hive, noted } = await scene(async ({ clock, signal, push }) => {
    for (let n = 0; n < 3 && !signal.aborted; n++) {
      await sleep(clock, 1_000, signal);
      await push(new Event("Found", n));
    }
  });
  await hive.clock.advance("5s");
  assert.equal(noted, [0, 1, 2]);
  await hive.stop();
});

test("a name has one child, until that ends", async () => {
  const { hive, started } = await scene(async ({ clock, signal }) => sleep(clock, 10_000, signal));
  await hive.push(new Event("Feed"));
  await hive.clock.advance(1);
  assert.equal(started, [true, false]);
  await hive.clock.advance("10s");
  await hive.push(new Event("Feed"));
  await hive.clock.advance(1);
  assert.equal(started, [true, false, true]);
  await hive.stop();
});

test("a child that fails is restarted alone, later each time", async () => {
  const starts: number[] = [];
  const { hive } = await scene(async ({ clock, signal, restarts }) => {
    starts.push(clock.now());
    if (restarts < 4) throw new Error("the connection was reset");
    await sleep(clock, 1e9, signal);
  });
  const first = starts[0] as number;
  await hive.clock.advance("1m");
  assert.equal(
    starts.map((at) => (at - first) / 1_000),
    [0, 1, 3, 7, 15],
  );
  await hive.stop();
});

test("a child that fails too often is given up, and an event tells of it", async () => {
  let starts = 0;
  const { hive, noted } = await scene(
    async () => {
      starts++;
      throw new RangeError("refused");
    },
    {
      maxRestarts: 3,
      died: ({ name, actor: by, cause, error, restarts }) =>
        new Event("Found", { name, by, cause, error: (error as Error).message, restarts }),
    },
  );
  await hive.clock.advance("1h");
  assert.is(starts, 4);
  assert.equal(noted, [{ name: "feed", by: "TestActor", cause: "gave-up", error: "refused", restarts: 3 }]);
  await hive.stop();
});

test("restart says whether a child that returns or throws starts again", async () => {
  const ends = { returns: async () => {}, throws: () => Promise.reject(new Error("no")) };
  const causes: unknown[] = [];
  for (const restart of ["always", "on-failure", "never"] as const)
    for (const run of Object.values(ends)) {
      const { hive, noted } = await scene(run, {
        restart,
        maxRestarts: 2,
        died: ({ cause }) => new Event("Found", cause),
      });
      await hive.clock.advance("1m");
      causes.push(noted[0]);
      await hive.stop();
    }
  assert.equal(causes, ["gave-up", "gave-up", "returned", "gave-up", "returned", "failed"]);
});

test("children end with the hive", async () => {
  let ended = false;
  const { hive } = await scene(async (child) => {
    await forever(child);
    ended = true;
  });
  await hive.stop();
  assert.is(ended, true);
});

test("a child that does not end delays the stop to its deadline only", async () => {
  const { hive } = await scene(() => new Promise(() => {}));
  const stopping = hive.hive.stop({ deadline: "2s" });
  await hive.clock.advance("2s");
  await stopping;
});

test("the event of an end is published again until it succeeds", async () => {
  const clock = new ManualClock();
  const memory = new MemoryProvider({ clock });
  let failures = 0;
  const provider = tampered(memory, {
    push: (events) =>
      events[0]?.eventType === "Found" && failures++ < 2
        ? Promise.reject(new BeeHiveError("Unavailable", "no answer"))
        : memory.queues.push(events),
  });
  const noted: unknown[] = [];
  const opens = actor(
    "Feed-Opens",
    (_, context) => void context.spawn("feed", ends, { died: () => new Event("Found", "over") }),
  );
  const notes = actor("Found-Notes", (event) => void noted.push(event.getBody()));
  await using hive = await TestHive.start({ actors: [opens, notes], provider, clock });
  await hive.push(new Event("Feed"));
  await clock.advance("90s");
  assert.equal(noted, []);
  await clock.advance("1m");
  assert.equal([noted, failures], [["over"], 3]);
});

test("a hive that was never started has no children", async () => {
  class Opens {
    async processAsync(_: Event, context: { spawn(name: string, run: ChildRun): boolean }): Promise<void> {
      context.spawn("feed", forever);
    }
  }
  actorDescription("Feed-Opens", { retry: { maxAttempts: 1 } })(Opens);
  await using hive = await createHive({ actors: Opens, logger: silentLogger });
  await hive.setup();
  await hive.push(new Event("Feed"));
  const [lease] = await hive.provider.queues.lease(QueueName.parse("Feed-Opens"), {
    max: 1,
    leaseMs: 1_000,
    waitMs: 1,
    signal: new AbortController().signal,
  });
  assert.ok(lease);
  assert.is(await hive.deliver(lease), "dead-lettered");
});

test("wrong options are refused with every problem", async () => {
  const errors: unknown[] = [];
  const wrong = { restart: "sometimes", maxRestarts: -1, every: 5 } as unknown as SpawnOptions;
  const opens = actor("Feed-Opens", async (_, context) => {
    errors.push(await throwsCode("InvalidConfiguration", async () => context.spawn("feed", forever, wrong)));
  });
  await using hive = await TestHive.start({ actors: opens });
  await hive.push(new Event("Feed"));
  await hive.settle();
  const { message } = errors[0] as Error;
  assert.match(message, '"every" is not an option');
  assert.match(message, "restart must be always, on-failure or never");
  assert.match(message, "maxRestarts must be a whole number from 0, not -1");
});

test.run();
