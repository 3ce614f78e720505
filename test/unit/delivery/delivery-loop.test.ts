/** The loop of a subscription: work on events, settlement, and the end. */
import { createHive, Event, silentLogger, type HiveOptions } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { injects } from "../../../src/actors/injection/container.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { actor, subscribe } from "../../../src/testing/contracts/hive/harness.ts";
import type { CollectionStore } from "../../../src/contract/stores.ts";
import { collectionStore } from "../../../src/actors/injection/tokens.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { events, queueName, scene } from "../../support/scene.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("delivery loop");
const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise(setImmediate);

test("an event delivered too often is dead-lettered, unseen by its actor", async () => {
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  const seen: number[] = [];
  const works = actor("Ping-Works", (_, { attempt }) => void seen.push(attempt), { retry: { maxAttempts: 2 } });
  const hive = await createHive({ actors: works, provider: memory, clock, logger: silentLogger });
  await hive.setup();
  await hive.push(events(1));
  for (const _ of [1, 2]) {
    await memory.queues.lease(queueName, { max: 1, leaseMs: 10, waitMs: 0, signal: never });
    await clock.advance(10);
  }
  await hive.start();
  await clock.advance(0);
  assert.equal(seen, []);
  const [letter] = await listOf(hive.queue("Ping-Works").deadLetters());
  assert.equal([letter?.errorName, letter?.attempts], ["Exhausted", 3]);
  assert.match(letter?.reason ?? "", /^delivered 3 times, never settled: its consumers may have crashed on it/);
  await hive.stop();
});

test("an event that moves between queues is counted again for whenIdle", async () => {
  const delayMs = 1_000;
  let moved = false;
  const first = actor("Pong-Works", () => {});
  const { clock, hive } = await scene(
    [first, actor("Ping-Works", () => [new Event("Pong", 1, { enqueueTime: new Date(clock.now() + delayMs) })])],
    (queues) => ({
      async counts(name) {
        const counted = await queues.counts(name);
        if (name.topic === "Pong" && !moved) {
          moved = true;
          await hive.push(events(1));
          while ((await queues.counts(QueueName.parse("Pong-Works"))).delayed === 0) await turn();
          await turn();
        }
        return counted;
      },
    }),
  );
  let idle = false;
  const waiting = hive.whenIdle().then(() => (idle = true));
  while (!moved) await turn();
  await clock.advance(delayMs / 2);
  await clock.advance(delayMs / 4);
  assert.is(idle, false);
  await clock.advance(delayMs);
  await waiting;
  await hive.stop();
});

test("a failing disposal leaves the delivery committed", async () => {
  const reports: unknown[] = [];
  class Failing {
    async processAsync(): Promise<void> {}
    async [Symbol.asyncDispose](): Promise<void> {
      throw new Error("no");
    }
  }
  subscribe(Failing, "Ping-Works");
  const onDelivery: HiveOptions["onDelivery"] = ({ outcome, error }) => void reports.push(outcome, error);
  const { clock, hive } = await scene(Failing, {}, { onDelivery });
  await hive.push(events(1));
  await clock.advance(0);
  assert.equal(reports, ["committed", undefined]);
  await hive.stop();
});

test("a stopping rule abandons its event at once, uncounted", async () => {
  const failing = actor("Ping-Works", () => Promise.reject(new TypeError("for good")), {
    supervision: [{ on: TypeError, action: "stop" }],
  });
  const { clock, hive, memory } = await scene(failing);
  await hive.push(events(1));
  await clock.advance(0);
  assert.is((await failureOf(hive.whenStopped())).message, "for good");
  const [lease] = await memory.queues.lease(queueName, { max: 1, leaseMs: 1_000, waitMs: 0, signal: never });
  assert.is(lease?.attempt, 1);
});

test("stores of a failed step refuse further use", async () => {
  let kept: CollectionStore<{ id: string }> | undefined;
  class Failing {
    constructor(readonly items: CollectionStore<{ id: string }>) {}
    async processAsync(): Promise<void> {
      kept = this.items;
      throw new Error("no");
    }
  }
  injects(collectionStore<{ id: string }>("Items"))(Failing);
  subscribe(Failing, "Ping-Works", { retry: { maxAttempts: 1 } });
  const { clock, hive } = await scene(Failing);
  await hive.push(events(1));
  await clock.advance(0);
  await throwsCode("InvalidState", () => kept?.insert({ id: "a" }));
  await hive.stop();
});

test.run();
