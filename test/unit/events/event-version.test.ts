import {
  actorDescription,
  Event,
  eventType,
  NewerVersion,
  openProvider,
  type ActorOptions,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock, TestHive, type TestHiveOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { z } from "zod";
import { isNewerVersion, newerVersionDelay } from "../../../src/events/event-version.ts";
import { decide, FailureCount } from "../../../src/actors/supervision.ts";
import { defaultRetry } from "../../../src/actors/retry-policy.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("versions of events");

const Euros = z.object({ amount: z.number() });
const Money = z.object({ amount: z.number(), currency: z.string() });
const upcasters = { 1: ({ amount }: { amount: number }) => ({ amount, currency: "EUR" }) };
const newer = eventType("Paid", Money, { version: 2, upcasters });

/** A worker of the older release, with the attempts and times of its event. */
async function olderWorker(
  newerVersionWait?: number,
  options: ActorOptions = {},
  place: Partial<TestHiveOptions> = {},
): Promise<{
  readonly hive: TestHive;
  readonly seen: (readonly [attempt: number, afterMs: number])[];
}> {
  const older = eventType("Paid", Euros, newerVersionWait === undefined ? {} : { newerVersionWait });
  const seen: [number, number][] = [];
  @actorDescription("Paid-Book", { retry: { maxAttempts: 3, minDelay: 10 }, ...options })
  class Book implements ProcessorActor {
    processAsync(event: Event, { attempt, clock }: Parameters<ProcessorActor["processAsync"]>[1]): void {
      seen.push([attempt, clock.now() - startedAt]);
      older.read(event);
    }
  }
  const hive = await TestHive.start({ actors: Book, ...place });
  const startedAt = hive.clock.now();
  return { hive, seen };
}

const paid = (): Event => newer.create({ amount: 100, currency: "JPY" });

test("an older worker delays a newer event, then dead-letters it", async () => {
  const { hive, seen } = await olderWorker();
  await hive.push(paid());
  await hive.advance(299_000);
  assert.equal(await hive.deadLetters("Paid-Book"), []);
  await hive.settle();
  const [letter] = await hive.deadLetters("Paid-Book");
  assert.match(letter?.reason ?? "", "its version is 2, this code reads Paid up to version 1");
  assert.is(letter?.errorName, "BodyUnreadable");
  assert.equal([...new Set(seen.map(([attempt]) => attempt))], [1], "waiting is no attempt");
  assert.equal(
    seen.map(([, after]) => after),
    Array.from({ length: 21 }, (_, n) => n * 15_000),
  );
  await hive.stop();
});

test("a newer worker gets the delayed event as its first attempt", async () => {
  const clock = new ManualClock();
  const provider = await openProvider("memory:", { clock });
  const { hive } = await olderWorker(undefined, {}, { clock, provider });
  await hive.push(paid());
  await hive.advance(20_000);
  await hive.stop();
  const taken: unknown[] = [];
  @actorDescription("Paid-Book")
  class NewBook implements ProcessorActor {
    processAsync(event: Event, { attempt }: Parameters<ProcessorActor["processAsync"]>[1]): void {
      taken.push(newer.read(event), attempt);
    }
  }
  const next = await TestHive.start({ actors: NewBook, clock, provider });
  await next.settle();
  assert.equal(taken, [{ amount: 100, currency: "JPY" }, 1]);
  await next.stop();
  await provider.close();
});

test("a copy keeps the version of its body, whatever properties it is given", () => {
  assert.equal(paid().clone({ properties: { source: "web" } }).properties, { schemaVersion: 2, source: "web" });
  assert.equal(paid().clone({ properties: { schemaVersion: 3 } }).properties, { schemaVersion: 3 });
  assert.equal(new Event("Paid").clone({ properties: { source: "web" } }).properties, { source: "web" });
});

test("the wait is that of the type; without one the event dead-letters", async () => {
  const short = await olderWorker(5_000);
  await short.hive.push(paid());
  await short.hive.settle();
  assert.equal(
    short.seen.map(([, after]) => after),
    [0, 1_000, 2_000, 3_000, 4_000, 5_000],
  );
  await short.hive.stop();
  const none = await olderWorker(0);
  await none.hive.push(paid());
  await none.hive.settle();
  assert.equal(none.seen, [[1, 0]]);
  assert.is((await none.hive.deadLetters("Paid-Book")).length, 1);
  await none.hive.stop();
});

test("a rule on NewerVersion decides before the time of the type", async () => {
  const { hive, seen } = await olderWorker(undefined, {
    supervision: [{ on: NewerVersion, action: "dead-letter" }],
  });
  await hive.push(paid());
  await hive.settle();
  assert.equal(seen, [[1, 0]]);
  await hive.stop();
});

test("events that wait for newer code do not reach the limit of failures", async () => {
  const { hive, seen } = await olderWorker(10_000, {
    failureLimit: { failures: 2, within: 60_000, action: "stop" },
  });
  await hive.push(paid());
  await hive.settle();
  assert.is(seen.length, 11);
  const count = new FailureCount({ failures: 1, within: 1, action: "stop" });
  assert.is(count.add(0, new NewerVersion("newer", 1)), undefined);
  assert.equal(count.add(0, new Error("another")), { action: "stop" });
  await hive.stop();
});

test("a wait that is over is decided like any unreadable body", () => {
  const settings = { retry: defaultRetry, supervision: [] };
  const error = new NewerVersion("newer", 1_000);
  assert.is(decide(error, 1, settings, 0, false, 999).action, "abandon");
  assert.is(decide(error, 1, settings, 0, false, 1_000).action, "dead-letter");
  assert.is(decide(error, 1, settings, 0, false, -5_000).action, "abandon", "another clock");
});

test("an event stays away no longer than its wait has left", () => {
  const wait = new NewerVersion("newer", 60_000);
  assert.equal(
    [0, 59_000, 59_999, 60_000].map((waited) => newerVersionDelay(wait, waited)),
    [3_000, 1_000, 1, undefined],
  );
  assert.is(newerVersionDelay(new NewerVersion("newer", 86_400_000), 0), 15_000);
  assert.not(isNewerVersion(new Error("NewerVersion")));
});

test("errors show that a version was guessed", async () => {
  const unsaid = new Event("Paid", { amount: "much" });
  assert.match(
    (await failureOf(() => newer.read(unsaid))).message,
    /fit Paid, read as version 1, because it has no schemaVersion: /,
  );
  const gap = eventType("Paid", Money, { version: 3, upcasters: { 2: (body: object) => body } });
  assert.match(
    (await failureOf(() => gap.read(unsaid))).message,
    /read as version 1, because it has no schemaVersion, and there is no upcaster/,
  );
  const broken = eventType("Paid", Money, {
    version: 2,
    upcasters: {
      1: () => {
        throw new Error("broken");
      },
    },
  });
  assert.match(
    (await failureOf(() => broken.read(unsaid))).message,
    /failed, read as version 1, because it has no schemaVersion/,
  );
  const said = new Event("Paid", { amount: "much" }, { properties: { schemaVersion: 1 } });
  assert.not.match((await failureOf(() => newer.read(said))).message, /because/);
  const only = eventType("Paid", Euros);
  assert.not.match((await failureOf(() => only.read(unsaid))).message, /because/);
});

for (const wait of [-1, Number.NaN, Infinity])
  test(`a wait of ${wait} ms is refused`, async () => {
    const error = await failureOf(() => eventType("Paid", Euros, { newerVersionWait: wait }));
    assert.is(error.code, "InvalidConfiguration");
    assert.match(error.message, `must be a time from 0 ms, not ${wait}; write a number of ms or a text`);
  });

test.run();
