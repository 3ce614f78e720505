import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  actorDescription,
  actorsFrom,
  circuitBreaker,
  createHive,
  eventType,
  PauseSubscription,
  pulse,
  RetryLater,
  throttle,
  timeout,
  type ActorClass,
  type ActorDescriptor,
  type ActorOptions,
  type HiveOptions,
} from "beehive-actors";
import * as assert from "uvu/assert";
import { nextTime } from "../../../src/actors/pulses/schedule.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("lengths of time");

class Idle {
  processAsync(): void {}
}

function actor(options: ActorOptions = {}): ActorClass {
  class Payment extends Idle {}
  actorDescription("Order-Payment", options)(Payment);
  return Payment;
}

async function descriptorOf(options: HiveOptions): Promise<ActorDescriptor | undefined> {
  await using hive = await createHive({ environment: {}, ...options });
  return hive.descriptors[0];
}

const texts: ActorOptions = {
  lease: "1.5s",
  retry: { minDelay: "1s", maxDelay: "5m" },
  supervision: [
    { on: "Throttled", action: "pause", pause: "2m" },
    { on: RangeError, action: "retry", retry: { maxDelay: "1h" } },
  ],
  failureLimit: { failures: 3, within: "1m", action: "pause", pause: "10m" },
};

function lengthsOf({ lease, retry, supervision, failureLimit }: ActorDescriptor): unknown {
  const pauses = supervision.flatMap((rule) => (rule.action === "pause" ? [rule.pause] : []));
  const delays = supervision.flatMap((rule) => (rule.action === "retry" ? [rule.retry?.maxDelay] : []));
  return [lease, retry.minDelay, retry.maxDelay, pauses, delays, failureLimit?.within, failureLimit?.pause];
}

const inMilliseconds = [1_500, 1_000, 300_000, [120_000], [3_600_000], 60_000, 600_000];

test("the options of an actor become ms in its descriptor", () => {
  const [descriptor] = actorsFrom(actor(texts));
  assert.equal(descriptor && lengthsOf(descriptor), inMilliseconds);
});

test("the defaults of a hive become ms in every descriptor", async () => {
  const descriptor = await descriptorOf({ actors: actor(), defaults: texts });
  assert.equal(descriptor && lengthsOf(descriptor), inMilliseconds);
});

test("overrides of a file and of an object become ms", async () => {
  const { lease, retry, failureLimit } = texts;
  const payment = { lease, retry, failureLimit };
  const folder = await mkdtemp(join(tmpdir(), "beehive-durations-"));
  const path = join(folder, "overrides.json");
  await writeFile(path, JSON.stringify({ actors: { Payment: payment } }));
  for (const overrides of [path, { Payment: payment }] as HiveOptions["overrides"][]) {
    const descriptor = await descriptorOf({ actors: actor(), overrides });
    assert.equal(
      [descriptor?.lease, descriptor?.retry.maxDelay, descriptor?.failureLimit?.within],
      [1_500, 300_000, 60_000],
    );
  }
  await rm(folder, { recursive: true });
});

test("a printed failure limit has no field that was not set", async () => {
  const failureLimit = { failures: 3, within: "1m", action: "stop" } as const;
  await using hive = await createHive({ actors: actor({ failureLimit }) });
  assert.match(hive.describe(), "failures 3, within 60000, action stop");
  assert.not.match(hive.describe(), "undefined");
});

test("errors and schedules take a text", () => {
  assert.is(new RetryLater("30s").delayMs, 30_000);
  assert.is(new PauseSubscription("2m").pauseMs, 120_000);
  assert.match(new RetryLater("30s").message, "in 30000 ms");
  assert.is(nextTime({ every: "5m" }, 1), 300_000);
});

// @ts-expect-error -- no unit of that name
const wrongLease: ActorOptions = { lease: "30 secs" };
// @ts-expect-error -- no unit
const wrongDelay: ActorOptions = { retry: { minDelay: "soon" } };
// @ts-expect-error -- no unit
const wrongPause: ActorOptions = { supervision: [{ on: Error, action: "pause", pause: "10" }] };
// @ts-expect-error -- no unit of that name
const wrongLimit: ActorOptions = { failureLimit: { failures: 1, within: "1 min", action: "stop" } };

for (const [options, problem] of [
  [
    wrongLease,
    'lease must be a whole number of ms from 100, at most 100 years, not "30 secs"; write a number of ms or',
  ],
  [wrongDelay, 'retry.minDelay must be 0 ms or more, at most 100 years, not "soon"; write a number of ms or a text'],
  [wrongPause, 'the pause of a rule must be more than 0 ms, at most 100 years, not "10"; write a number of ms or'],
  [wrongLimit, 'failureLimit.within must be more than 0 ms, at most 100 years, not "1 min"; write a number of ms'],
] as const) {
  test(`"${problem.slice(0, 40)}…" is refused`, async () => {
    for (const hive of [{ actors: actor(options) }, { actors: actor(), defaults: options }]) {
      const { message } = await failureOf(createHive(hive));
      assert.match(message, `Payment on "Order-Payment": `);
      assert.match(message, problem);
    }
  });
}

for (const [what, make] of [
  // @ts-expect-error -- no unit
  ["timeout: duration", () => timeout("soon")],
  // @ts-expect-error -- no unit
  ["throttle: per", () => throttle({ limit: 1, per: "soon" })],
  // @ts-expect-error -- no unit
  ["circuitBreaker: within", () => circuitBreaker({ within: "soon" })],
  // @ts-expect-error -- no unit
  ["circuitBreaker: open", () => circuitBreaker({ open: "soon" })],
  // @ts-expect-error -- no unit
  ['the pulser "Tick": every', () => createHive({ pulsers: [pulse("Tick", { every: "soon" })] })],
  // @ts-expect-error -- no unit
  ["The newerVersionWait of Paid", () => eventType("Paid", undefined, { newerVersionWait: "soon" })],
  [
    "actors.Payment", // never compiled: files
    () => createHive({ actors: actor(), overrides: { Payment: { lease: "soon" as never } } }),
  ],
] as const) {
  test(`a wrong text of ${what} is refused`, async () => {
    const { message } = await failureOf(make);
    assert.match(message, 'not "soon"; write a number of ms or a text such as "30s"');
    if (!what.startsWith("actors")) assert.match(message, what);
  });
}

test("a wrong text of an error leaves the decision to the retry policy", () => {
  // @ts-expect-error -- no unit
  for (const error of [new RetryLater("soon"), new PauseSubscription("soon")])
    assert.match(error.message, '("soon" is not a length of time: the retry policy decides)');
});

for (const [what, make] of [
  ["throttle: what it is given", () => throttle(null as never)],
  ["circuitBreaker: what it is given", () => circuitBreaker(null as never)],
  ["The newerVersionWait of Paid", () => eventType("Paid", undefined, { newerVersionWait: null as never })],
] as const) {
  test(`null for ${what} is refused`, async () => {
    const { code, message } = await failureOf(make);
    assert.is(code, "InvalidConfiguration");
    assert.match(message, what);
    assert.match(message, "not null");
  });
}

test.run();
