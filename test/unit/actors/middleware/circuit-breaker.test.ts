import {
  actorDescription,
  BeeHiveError,
  circuitBreaker,
  ConcurrencyConflict,
  Event,
  PauseSubscription,
  RejectEvent,
  type ActorClass,
  type ActorContext,
  type Next,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("circuitBreaker");

/** A bank that is down until the test repairs it. */
class Bank {
  up = false;
  readonly calls: number[] = [];
}

const settings = { failures: 3, within: 60_000, open: 30_000 };

function bankActor(bank: Bank, parallelism = 1): ActorClass {
  @actorDescription("Ping-Bank", {
    middleware: [circuitBreaker(settings)],
    retry: { maxAttempts: 4, minDelay: 1_000, factor: 1 },
    parallelism,
  })
  class BankActor implements ProcessorActor {
    processAsync(event: Event): void {
      bank.calls.push(event.getBody<number>());
      if (!bank.up) throw new Error("the bank is down");
    }
  }
  return BankActor;
}

test("an open breaker stops leasing, and half-open it tries one event", async () => {
  const bank = new Bank();
  const hive = await TestHive.start({ actors: bankActor(bank) });
  await hive.push(Array.from({ length: 10 }, (_, index) => new Event("Ping", index)));

  await hive.advance(29_999);
  assert.is(bank.calls.length, 3, "closed: three failures open it");
  assert.is((await hive.hive.queue("Ping-Bank").counts()).leased, 0, "open: nothing is leased");

  await hive.advance(1);
  assert.is(bank.calls.length, 4, "half-open: one is tried, and it opens again");
  await hive.advance(29_999);
  assert.is(bank.calls.length, 4);
  await hive.stop();
});

test("a half-open breaker tries one of many events, then all", async () => {
  const bank = new Bank();
  const hive = await TestHive.start({ actors: bankActor(bank, 5) });
  await hive.push(Array.from({ length: 20 }, (_, index) => new Event("Ping", index)));
  await hive.advance(0);
  assert.is(bank.calls.length, 5, "what was leased together was tried together");
  await hive.advance(30_000);
  assert.is(bank.calls.length, 6);
  bank.up = true;
  await hive.settle();
  assert.is((await hive.deadLetters("Ping-Bank")).length, 0);
  assert.is(new Set(bank.calls).size, 20);
  await hive.stop();
});

test("actors that share a breaker stop together and abandon their events", async () => {
  const shared = circuitBreaker({ ...settings, failures: 1 });
  let runs = 0;
  @actorDescription("Ping-One", { middleware: [shared] })
  class FailingActor implements ProcessorActor {
    processAsync(): void {
      throw new Error("the bank is down");
    }
  }
  @actorDescription("Pong-Two", { middleware: [shared] })
  class OtherActor implements ProcessorActor {
    processAsync(): void {
      runs++;
    }
  }
  const hive = await TestHive.start({ actors: [FailingActor, OtherActor] });
  await hive.push(new Event("Ping"));
  await hive.advance(0);
  await hive.push(new Event("Pong"));
  await hive.advance(1_000);
  assert.is(runs, 0);
  assert.match(String(hive.tree()), "Two: OtherActor → abandoned: the circuit breaker is open");
  await hive.stop();
});

test("an outage longer than all retries costs no attempt", async () => {
  const bank = new Bank();
  const hive = await TestHive.start({ actors: bankActor(bank) });
  await hive.push(Array.from({ length: 10 }, (_, index) => new Event("Ping", index)));
  await hive.advance(24 * 3_600_000);
  assert.equal(await hive.hive.queue("Ping-Bank").counts(), {
    ...(await hive.hive.queue("Ping-Bank").counts()),
    dead: 0,
    leased: 0,
  });

  bank.up = true;
  await hive.settle();
  assert.equal(await hive.hive.queue("Ping-Bank").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  assert.is(new Set(bank.calls).size, 10);
  await hive.stop();
});

test("a successful try closes a half-open breaker", async () => {
  const bank = new Bank();
  const hive = await TestHive.start({ actors: bankActor(bank) });
  await hive.push([0, 1, 2].map((body) => new Event("Ping", body)));
  await hive.advance(10_000);
  bank.up = true;
  await hive.settle();

  bank.up = false;
  bank.calls.length = 0;
  await hive.push(new Event("Ping", 3));
  await hive.advance(1_000);
  assert.equal(bank.calls, [3, 3], "retried after a second, not paused for thirty");
  await hive.stop();
});

test("failures that are far apart leave the breaker closed", async () => {
  const bank = new Bank();
  const hive = await TestHive.start({ actors: bankActor(bank), defaults: {} });
  for (let failures = 0; failures < 6; failures++) {
    bank.up = false;
    await hive.push(new Event("Ping", failures));
    await hive.advance(0);
    bank.up = true;
    await hive.settle();
    await hive.advance(60_000);
  }
  assert.not.match(String(hive.tree()), "abandoned");
  await hive.stop();
});

test("errors that do not count leave the breaker closed", async () => {
  @actorDescription("Ping-Picky", {
    middleware: [circuitBreaker({ failures: 1, within: 60_000, open: 30_000, counts: () => false })],
    retry: { maxAttempts: 2 },
  })
  class PickyActor implements ProcessorActor {
    processAsync(): void {
      throw new Error("a bad order");
    }
  }
  const hive = await TestHive.start({ actors: PickyActor });
  await hive.push(new Event("Ping"));
  await hive.settle();
  assert.is((await hive.deadLetters("Ping-Picky")).length, 1);
  await hive.stop();
});

test("rejected events are dead-lettered and leave the breaker closed", async () => {
  @actorDescription("Ping-Strict", { middleware: [circuitBreaker(settings)] })
  class StrictActor implements ProcessorActor {
    processAsync(): void {
      throw new RejectEvent("a bad order");
    }
  }
  const hive = await TestHive.start({ actors: StrictActor });
  await hive.push(Array.from({ length: 5 }, (_, index) => new Event("Ping", index)));
  await hive.settle({ deliveries: 100 });
  assert.is((await hive.deadLetters("Ping-Strict")).length, 5);
  await hive.stop();
});

test("conflicts and lost leases leave the breaker closed", async () => {
  const context = { clock: new ManualClock() } as unknown as ActorContext;
  const breaker = circuitBreaker({ failures: 1, within: 60_000, open: 30_000 });
  const collision = new ConcurrencyConflict("item", "the item changed");
  for (const error of [collision, collision, new BeeHiveError("LeaseLost", "the lease ended")]) {
    const run = async (): Promise<unknown> => breaker(new Event("Ping"), context, () => Promise.reject(error));
    await throwsError(error.constructor as new () => Error, run);
  }
});

test("a breaker is closed for a hive with another clock", async () => {
  const bank = new Bank();
  const actors = bankActor(bank);
  const first = await TestHive.start({ actors });
  await first.push([0, 1, 2].map((body) => new Event("Ping", body)));
  await first.advance(3_000);
  assert.match(String(first.tree()), "the circuit breaker opened");
  await first.stop();

  bank.up = true;
  const second = await TestHive.start({ actors });
  await second.push(new Event("Ping", 3));
  await second.settle();
  assert.not.match(String(second.tree()), "abandoned");
  await second.stop();
});

test("a success from before the opening does not close the breaker", async () => {
  const clock = new ManualClock();
  const context = { clock } as unknown as ActorContext;
  const breaker = circuitBreaker({ failures: 2, within: 60_000, open: 30_000 });
  const run = async (next: Next): Promise<unknown> => breaker(new Event("Ping"), context, next);
  const failing: Next = () => Promise.reject(new Error("the bank is down"));
  let finish = (): void => {};
  const slow = run(() => new Promise((resolve) => (finish = () => resolve([]))));

  await throwsError(Error, () => run(failing));
  await throwsError(PauseSubscription, () => run(failing));
  finish();
  await slow;
  await clock.advance(30_000);
  await throwsError(PauseSubscription, () => run(failing));
});

test("a failure from before the opening does not keep the breaker open", async () => {
  const clock = new ManualClock();
  const breaker = circuitBreaker({ failures: 1, open: 30_000 });
  const run = async (next: Next): Promise<unknown> =>
    breaker(new Event("Ping"), { clock } as unknown as ActorContext, next);
  let fail = (): void => {};
  const slow = run(() => new Promise((_resolve, reject) => (fail = () => reject(new Error("the bank is down")))));
  const late = slow.catch((error: unknown) => error);
  await throwsError(PauseSubscription, () => run(() => Promise.reject(new Error("the bank is down"))));
  await clock.advance(10_000);
  fail();
  assert.is(((await late) as PauseSubscription).pauseMs, 20_000);
  await clock.advance(20_000);
  await run(() => Promise.resolve([]));
});

/** A circuit breaker without a hive, whose calls fail on demand. */
function bare(options: Parameters<typeof circuitBreaker>[0]) {
  const clock = new ManualClock();
  const context = { clock } as unknown as ActorContext;
  const breaker = circuitBreaker(options);
  const call = async (fails: boolean): Promise<string> => {
    const next: Next = () => (fails ? Promise.reject(new Error("no answer")) : Promise.resolve([]));
    try {
      await breaker(new Event("Ping"), context, next);
      return "well";
    } catch (error) {
      return error instanceof PauseSubscription ? "open" : "failed";
    }
  };
  return { clock, call };
}

test("one failed call in five leaves the breaker closed", async () => {
  const { clock, call } = bare({ failures: 5, within: 10_000, open: 1_000 });
  for (let n = 0; n < 1_000; n++) {
    assert.is(await call(n % 5 === 4), n % 5 === 4 ? "failed" : "well");
    await clock.advance(10);
  }
});

test("failures above the rate open the breaker", async () => {
  const { call } = bare({ failures: 5, rate: 0.4 });
  const ends: string[] = [];
  while (ends.at(-1) !== "open") ends.push(await call(ends.length % 2 === 1));
  assert.equal(ends.length, 10, "the fifth failure is one of ten calls");
});

test("the breaker stays closed below the minimum of calls", async () => {
  const { call } = bare({ failures: 1, minimumCalls: 4 });
  const ends: string[] = [];
  for (let n = 0; n < 4; n++) ends.push(await call(true));
  assert.equal(ends, ["failed", "failed", "failed", "open"]);
});

test("by default ten failures within a minute open it for half a minute", async () => {
  const { clock, call } = bare(undefined);
  for (let n = 0; n < 9; n++) assert.is(await call(true), "failed");
  await clock.advance(60_000);
  for (let n = 0; n < 9; n++) assert.is(await call(true), "failed");
  await clock.advance(53_000);
  assert.is(await call(true), "open");
  await clock.advance(29_999);
  assert.is(await call(false), "open");
  await clock.advance(1);
  assert.is(await call(false), "well");
});

test("old successes do not count", async () => {
  const { clock, call } = bare({ failures: 3, within: 1_000 });
  for (let n = 0; n < 100; n++) await call(false);
  await clock.advance(1_000);
  assert.equal([await call(true), await call(true), await call(true)], ["failed", "failed", "open"]);
});

test("an unknown option is refused, and the known ones are listed", () => {
  assert.throws(
    () => circuitBreaker({ threshold: 3 } as object),
    /threshold is not an option; there are failures, rate, minimumCalls, within, open, counts/,
  );
});

test.run();

async function throwsError(type: new (...parameters: never[]) => Error, work: () => Promise<unknown>): Promise<void> {
  const error: unknown = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, type);
}
