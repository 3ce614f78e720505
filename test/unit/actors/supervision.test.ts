import {
  actorDescription,
  BeeHiveError,
  createHive,
  Event,
  PauseSubscription,
  RetryLater,
  type ActorClass,
  type ActorContext,
  type ActorOptions,
  type Clock,
  type FailureLimit,
  type HiveOptions,
  type ProcessorActor,
  type Provider,
  type SupervisionRule,
} from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { durationForms } from "../../../src/base/duration.ts";
import { decide, FailureCount, matches, supervisionProblems } from "../../../src/actors/supervision.ts";
import { defaultRetry } from "../../../src/actors/retry-policy.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("supervision");

class BankDown extends Error {}
class CardRefused extends Error {}
class CardStolen extends CardRefused {}

/** An actor that fails with each of these in turn, then no more. */
function failing(options: ActorOptions, ...errors: Error[]): ActorClass {
  @actorDescription("Ping-Failing", { parallelism: 1, ...options })
  class FailingActor implements ProcessorActor {
    processAsync(): void {
      const error = errors.shift();
      if (error) throw error;
    }
  }
  return FailingActor;
}

async function start(actor: ActorClass, defaults: HiveOptions["defaults"] = {}): Promise<TestHive> {
  const hive = await TestHive.start({ actors: actor, defaults });
  await hive.push(new Event("Ping"));
  return hive;
}

test("given a rule by class, when an error of a subclass comes, then it is a dead letter at once", async () => {
  const actor = failing({ supervision: [{ on: CardRefused, action: "dead-letter" }] }, new CardStolen("stolen"));
  const hive = await start(actor);
  await hive.settle();
  assert.is(String(hive.tree()), "Ping\n  Failing: FailingActor → dead-lettered: stolen\n");
  await hive.stop();
});

test("given a rule by code, when such an error comes, then it holds, and for no other code", async () => {
  const rule = { on: "Timeout", action: "dead-letter" } as const;
  const hive = await start(
    failing({ supervision: [rule] }, new BeeHiveError("Unavailable", "down"), new BeeHiveError("Timeout", "slow")),
  );
  await hive.settle();
  assert.match(String(hive.tree()), /retried: down\n.* attempt 2 → dead-lettered: slow/);
  await hive.stop();
});

test("given a rule by a function, when it says so, then the rule holds", async () => {
  const rule = { on: (error: unknown) => (error as Error).message.startsWith("E42"), action: "dead-letter" } as const;
  const hive = await start(failing({ supervision: [rule] }, new Error("E41"), new Error("E42 gone")));
  await hive.settle();
  assert.match(String(hive.tree()), /retried: E41\n.* dead-lettered: E42 gone/);
  await hive.stop();
});

test("given a retry of its own in a rule, when such an error comes, then it is tried as the rule says", async () => {
  const rule = { on: BankDown, action: "retry", retry: { maxAttempts: 2, minDelay: 3_600_000, maxDelay: 3_600_000 } };
  const hive = await start(failing({ supervision: [rule as never] }, new BankDown("down"), new BankDown("still down")));
  const begin = hive.clock.now();
  await hive.settle();
  assert.is(hive.clock.now() - begin, 3_600_000);
  assert.match(String(hive.tree()), "attempt 2 → dead-lettered: still down");
  await hive.stop();
});

test("given a rule that pauses, when such an error comes, then nothing is leased meanwhile and no attempt is counted", async () => {
  const rule = { on: BankDown, action: "pause", pause: 60_000 } as const;
  const hive = await start(
    failing({ supervision: [rule], retry: { maxAttempts: 1 } }, new BankDown("down"), new BankDown("down")),
  );
  await hive.push(new Event("Ping"));
  await hive.advance(59_999);
  assert.equal(await hive.hive.queue("Ping-Failing").counts(), { ready: 1, leased: 0, delayed: 1, dead: 0 });
  await hive.settle();
  assert.is((await hive.deadLetters("Ping-Failing")).length, 0);
  assert.not.match(String(hive.tree()), "attempt");
  await hive.stop();
});

test("given a rule that stops, when such an error comes, then the hive stops with it, and the event is kept", async () => {
  const error = new BankDown("for good");
  const hive = await start(failing({ supervision: [{ on: BankDown, action: "stop" }] }, error));
  await hive.settle();
  assert.is(await failureOf(hive.hive.whenStopped()), error);
  assert.is((await hive.hive.queue("Ping-Failing").counts()).ready, 1);
  await hive.stop();
});

test("given a hive that was asked to stop, when it has stopped, then it says that nothing made it", async () => {
  const hive = await start(failing({}));
  await hive.settle();
  await hive.stop();
  await hive.hive.whenStopped();
});

test("given rules of the actor and of the hive, when both match, then the actor's holds", async () => {
  const own = { on: BankDown, action: "dead-letter" } as const;
  const all = [
    { on: Error, action: "retry" },
    { on: CardRefused, action: "dead-letter" },
  ] as const;
  const actor = failing({ supervision: [own] }, new BankDown("down"));
  const hive = await start(actor, { supervision: all });
  await hive.settle();
  assert.match(String(hive.tree()), "→ dead-lettered: down");
  await hive.stop();

  const other = await start(failing({ supervision: [own] }, new CardRefused("no")), { supervision: all });
  await other.settle();
  assert.match(String(other.tree()), "→ retried: no");
  await other.stop();
});

test("given a limit of failures, when they come within its time, then the subscription pauses, and its attempts count", async () => {
  const failureLimit = { failures: 2, within: 60_000, action: "pause", pause: 3_600_000 } as const;
  const retry = { minDelay: 1_000, factor: 1, jitter: 0 };
  const hive = await start(failing({ failureLimit, retry }, new Error("one"), new Error("two")));
  const begin = hive.clock.now();
  await hive.settle();
  assert.is(hive.clock.now() - begin, 1_000 + 3_600_000);
  assert.match(String(hive.tree()), "attempt 3 → committed");
  await hive.stop();
});

test("given a limit that stops, when failures come within its time, then the hive stops with the last of them", async () => {
  const last = new Error("two");
  const failureLimit = { failures: 2, within: 60_000, action: "stop" } as const;
  const hive = await start(failing({ retry: { minDelay: 1_000 } }, new Error("one"), last), { failureLimit });
  await hive.settle();
  assert.is(await failureOf(hive.hive.whenStopped()), last);
  await hive.stop();
});

test("given failures further apart than the limit's time, when there are many, then nothing comes of it", () => {
  const count = new FailureCount({ failures: 2, within: 1_000, action: "stop" });
  assert.equal(
    [0, 1_001, 2_002, 3_003].map((now) => count.add(now)),
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(count.add(4_003), { action: "stop" });
  assert.is(count.add(4_004), undefined, "counting starts anew");
});

test("given a limit that does not say how long to pause, when it is reached, then it is as long as its time", () => {
  const count = new FailureCount({ failures: 1, within: 1_500, action: "pause" });
  assert.equal(count.add(0), { action: "pause", pauseMs: 1_500, by: "failure-limit" });
});

test("given a rule for every Error, when something else is thrown, then it does not match", () => {
  assert.equal([matches(Error, new BankDown()), matches(Error, "a text")], [true, false]);
});

test("given no rule that matches, when it is decided, then the retry policy decides", () => {
  const decided = decide(new BankDown(), 1, { retry: { ...defaultRetry, jitter: 0 }, supervision: [] }, 0);
  assert.equal(decided, { action: "retry", delayMs: defaultRetry.minDelay });
});

test("given a failure that is not the actor's, when it is decided, then the event is away for a second at least", () => {
  const retry = { ...defaultRetry, minDelay: 0, jitter: 0 };
  const decided = decide(new BeeHiveError("Throttled", "slow down"), 1, { retry, supervision: [] }, 0, true);
  const why = "the step could not be committed yet, it will be run again";
  assert.equal(decided, { action: "abandon", delayMs: 1_000, why });
});

test("given rules and limits that make no sense, when the hive is made, then every problem is told at once", async () => {
  const actor = failing({
    supervision: [
      { on: BankDown, action: "pause", pause: 0 },
      { on: Error, action: "retry", retry: { maxAttempts: 0 } },
    ],
    failureLimit: { failures: 0, within: 0, action: "pause" },
  });
  const error = await failureOf(createHive({ actors: actor }));
  assert.is(error.code, "InvalidConfiguration");
  assert.match(error.message, "supervision: the pause of a rule must be more than 0 ms, at most 100 years, not 0");
  assert.match(error.message, "retry.maxAttempts must be a whole number from 1, not 0");
  assert.match(error.message, "failureLimit.failures must be a whole number from 1, not 0");
  assert.match(error.message, "failureLimit.within must be more than 0 ms, at most 100 years, not 0");
});

test("given rules and limits with misspelt names, when the hive is made, then they are told and what there is", async () => {
  const actor = failing({
    supervision: [
      { on: "AcessDenied" as "AccessDenied", action: "stop" },
      { action: "dead-letter" } as SupervisionRule,
      { on: Error, action: "retry", retry: { maxAtempts: 3 } as object },
    ],
    failureLimit: { failures: 3, within: Infinity, action: "pause", pauze: 5 } as FailureLimit,
    retry: { minDellay: 3 } as object,
  });
  const { message } = await failureOf(createHive({ actors: actor }));
  assert.match(message, /a rule is on AcessDenied; name a class of errors, a function, or a code: .*AccessDenied/);
  assert.match(message, "a rule is on undefined");
  assert.match(message, "retry.maxAtempts is not an option; there are maxAttempts");
  assert.match(message, "retry.minDellay is not an option");
  assert.match(message, "failureLimit.pauze is not an option; there are failures, within, action, pause");
  assert.match(message, "failureLimit.within must be more than 0 ms, at most 100 years, not Infinity");
});

test("given pauses without an end and half a failure, when they are checked, then each is told", () => {
  const problems = supervisionProblems(
    [{ on: BankDown, action: "pause", pause: Infinity }],
    { failures: 1.5, within: 1_000, action: "pause", pause: Infinity },
    defaultRetry,
  );
  assert.equal(problems, [
    `supervision: the pause of a rule must be more than 0 ms, at most 100 years, not Infinity; ${durationForms}`,
    "failureLimit.failures must be a whole number from 1, not 1.5",
    `failureLimit.pause must be more than 0 ms, at most 100 years, not Infinity; ${durationForms}`,
  ]);
});

/** A provider that asks to slow down, so many times, when a step is committed. */
function throttling(times: number, clock: Clock): Provider {
  const provider = new MemoryProvider({ clock });
  let left = times;
  const beginStep = provider.beginStep.bind(provider);
  provider.beginStep = (lease) => {
    const step = beginStep(lease);
    const commit = step.commit.bind(step);
    step.commit = async (outputs) => {
      if (left-- > 0) throw new BeeHiveError("Throttled", "slow down");
      await commit(outputs);
    };
    return step;
  };
  return provider;
}

test("given a provider that asks to slow down at the commit, then the event is given back until it can be, and no attempt counts", async () => {
  const attempts: number[] = [];
  @actorDescription("Ping-Counting", { retry: { maxAttempts: 2 } })
  class CountingActor implements ProcessorActor {
    processAsync(_event: Event, { attempt }: ActorContext): void {
      attempts.push(attempt);
    }
  }
  const clock = new ManualClock();
  const hive = await TestHive.start({ actors: CountingActor, provider: throttling(5, clock), clock });
  await hive.push(new Event("Ping"));
  await hive.settle();
  assert.equal(attempts, [1, 1, 1, 1, 1, 1]);
  assert.is((await hive.hive.queue("Ping-Counting").counts()).dead, 0);
  await hive.stop();
});

test("given an actor that is asked to slow down itself, then its attempts count", async () => {
  const errors = [1, 2].map(() => new BeeHiveError("Throttled", "the bank asks to slow down"));
  const hive = await start(failing({ retry: { maxAttempts: 2 } }, ...errors));
  await hive.settle();
  assert.match(String(hive.tree()), /attempt 2 → dead-lettered/);
  await hive.stop();
});

test("given a rule whose function throws, then it does not match, and the event ends in the dead letters", async () => {
  const on = (error: unknown): boolean => (error as { response: { status: number } }).response.status === 503;
  const hive = await start(
    failing(
      { retry: { maxAttempts: 2 }, supervision: [{ on, action: "pause", pause: 1_000 }] },
      new Error("a"),
      new Error("b"),
    ),
  );
  await hive.settle();
  assert.match(String(hive.tree()), /attempt 2 → dead-lettered/);
  await hive.stop();
});

test("given delays that were computed wrongly, then the retry policy decides, and fractions are whole", async () => {
  const errors = [new RetryLater(NaN), new PauseSubscription(NaN), new RetryLater(20.5), new PauseSubscription(0.5)];
  assert.equal(
    errors.map((error) => decide(error, 1, { retry: defaultRetry, supervision: [] }, 0)),
    [
      { action: "retry", delayMs: 250 },
      { action: "retry", delayMs: 250 },
      { action: "retry", delayMs: 21 },
      { action: "pause", pauseMs: 1, by: "actor" },
    ],
  );
  const texts = [NaN, -1, Infinity, 1e300, "20" as unknown as number].flatMap((ms) => [
    new RetryLater(ms),
    new PauseSubscription(ms, "later"),
  ]);
  for (const error of texts) {
    assert.match(error.message, "is not a length of time: the retry policy decides");
    assert.equal(decide(error, 1, { retry: defaultRetry, supervision: [] }, 0), { action: "retry", delayMs: 250 });
  }
});

test("given an actor that throws an object with a message, then the dead letter tells it", async () => {
  const actor = failing({ retry: { maxAttempts: 1 } }, { name: "Refused", message: "duplicate key" });
  const hive = await start(actor);
  await hive.settle();
  const [letter] = await hive.deadLetters("Ping-Failing");
  assert.is(letter?.reason, "failed 1 time, the last with: duplicate key");
  await hive.stop();
});

for (const [what, thrown] of [
  ["nothing", undefined],
  ["null", null],
  ["an object without a prototype", Object.create(null)],
  [
    "an error that cannot be read",
    Object.defineProperty(new Error("x"), "message", { get: () => assert.unreachable() }),
  ],
  [
    "an error whose stack cannot be read",
    Object.defineProperty(new Error("x"), "stack", { get: () => assert.unreachable() }),
  ],
  [
    "what cannot even be looked at",
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("no");
        },
      },
    ),
  ],
  ["an error whose message is no text", Object.assign(new Error("x"), { message: { toString: null } })],
] as const) {
  test(`given an actor that throws ${what}, then its event is retried and ends in the dead letters`, async () => {
    let runs = 0;
    @actorDescription("Ping-Odd", { retry: { maxAttempts: 2, minDelay: 0, maxDelay: 0 } })
    class OddActor implements ProcessorActor {
      processAsync(): void {
        runs++;
        throw thrown;
      }
    }
    const hive = await start(OddActor);
    await hive.settle();
    const letters = [];
    for await (const letter of hive.hive.queue("Ping-Odd").deadLetters()) letters.push(letter);
    assert.equal([runs, letters.map(({ attempts }) => attempts)], [2, [2]]);
    await hive.stop();
  });
}

test.run();
