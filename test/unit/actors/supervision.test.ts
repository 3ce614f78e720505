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

/** An actor that fails with each of these errors in turn, then succeeds. */
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

test("a rule by class dead-letters an error of a subclass at once", async () => {
  const actor = failing({ supervision: [{ on: CardRefused, action: "dead-letter" }] }, new CardStolen("stolen"));
  const hive = await start(actor);
  await hive.settle();
  assert.is(String(hive.tree()), "Ping\n  Failing: FailingActor → dead-lettered: stolen\n");
  await hive.stop();
});

test("a rule by code matches that code and no other", async () => {
  const rule = { on: "Timeout", action: "dead-letter" } as const;
  const hive = await start(
    failing({ supervision: [rule] }, new BeeHiveError("Unavailable", "down"), new BeeHiveError("Timeout", "slow")),
  );
  await hive.settle();
  assert.match(String(hive.tree()), /retried: down\n.* attempt 2 → dead-lettered: slow/);
  await hive.stop();
});

test("a rule by function matches when it returns true", async () => {
  const rule = { on: (error: unknown) => (error as Error).message.startsWith("E42"), action: "dead-letter" } as const;
  const hive = await start(failing({ supervision: [rule] }, new Error("E41"), new Error("E42 gone")));
  await hive.settle();
  assert.match(String(hive.tree()), /retried: E41\n.* dead-lettered: E42 gone/);
  await hive.stop();
});

test("a rule's own retry replaces the policy", async () => {
  const rule = { on: BankDown, action: "retry", retry: { maxAttempts: 2, minDelay: 3_600_000, maxDelay: 3_600_000 } };
  const hive = await start(failing({ supervision: [rule as never] }, new BankDown("down"), new BankDown("still down")));
  const begin = hive.clock.now();
  await hive.settle();
  assert.is(hive.clock.now() - begin, 3_600_000);
  assert.match(String(hive.tree()), "attempt 2 → dead-lettered: still down");
  await hive.stop();
});

test("a pausing rule stops leasing and counts no attempt", async () => {
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

test("a stopping rule stops the hive with its error and keeps the event", async () => {
  const error = new BankDown("for good");
  const hive = await start(failing({ supervision: [{ on: BankDown, action: "stop" }] }, error));
  await hive.settle();
  assert.is(await failureOf(hive.hive.whenStopped()), error);
  assert.is((await hive.hive.queue("Ping-Failing").counts()).ready, 1);
  await hive.stop();
});

test("a hive that was asked to stop has no reason", async () => {
  const hive = await start(failing({}));
  await hive.settle();
  await hive.stop();
  await hive.hive.whenStopped();
});

test("a rule of the actor wins over one of the hive", async () => {
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

test("failures within the limit's time pause the subscription and count", async () => {
  const failureLimit = { failures: 2, within: 60_000, action: "pause", pause: 3_600_000 } as const;
  const retry = { minDelay: 1_000, factor: 1, jitter: 0 };
  const hive = await start(failing({ failureLimit, retry }, new Error("one"), new Error("two")));
  const begin = hive.clock.now();
  await hive.settle();
  assert.is(hive.clock.now() - begin, 1_000 + 3_600_000);
  assert.match(String(hive.tree()), "attempt 3 → committed");
  await hive.stop();
});

test("failures within the time of a stopping limit stop the hive", async () => {
  const last = new Error("two");
  const failureLimit = { failures: 2, within: 60_000, action: "stop" } as const;
  const hive = await start(failing({ retry: { minDelay: 1_000 } }, new Error("one"), last), { failureLimit });
  await hive.settle();
  assert.is(await failureOf(hive.hive.whenStopped()), last);
  await hive.stop();
});

test("failures further apart than the limit's time are harmless", () => {
  const count = new FailureCount({ failures: 2, within: 1_000, action: "stop" });
  assert.equal(
    [0, 1_001, 2_002, 3_003].map((now) => count.add(now)),
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(count.add(4_003), { action: "stop" });
  assert.is(count.add(4_004), undefined, "counting starts anew");
});

test("a limit without a pause pauses for as long as its time", () => {
  const count = new FailureCount({ failures: 1, within: 1_500, action: "pause" });
  assert.equal(count.add(0), { action: "pause", pauseMs: 1_500, by: "failure-limit" });
});

test("a rule for Error does not match other thrown values", () => {
  assert.equal([matches(Error, new BankDown()), matches(Error, "a text")], [true, false]);
});

test("without a matching rule the retry policy decides", () => {
  const decided = decide(new BankDown(), 1, { retry: { ...defaultRetry, jitter: 0 }, supervision: [] }, 0);
  assert.equal(decided, { action: "retry", delayMs: defaultRetry.minDelay });
});

test("an uncounted failure abandons the event for at least a second", () => {
  const retry = { ...defaultRetry, minDelay: 0, jitter: 0 };
  const decided = decide(new BeeHiveError("Throttled", "slow down"), 1, { retry, supervision: [] }, 0, true);
  const why = "the step could not be committed yet, it will be run again";
  assert.equal(decided, { action: "abandon", delayMs: 1_000, why });
});

test("rules and limits that make no sense are all reported", async () => {
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

test("misspelt names in rules and limits are reported with the known ones", async () => {
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

test("endless pauses and half a failure are refused", () => {
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

/** A provider that throttles a number of commits. */
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

test("a throttled commit is repeated without counting an attempt", async () => {
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

test("a throttled actor counts its attempts", async () => {
  const errors = [1, 2].map(() => new BeeHiveError("Throttled", "the bank asks to slow down"));
  const hive = await start(failing({ retry: { maxAttempts: 2 } }, ...errors));
  await hive.settle();
  assert.match(String(hive.tree()), /attempt 2 → dead-lettered/);
  await hive.stop();
});

test("a rule whose function throws does not match", async () => {
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

test("wrong delays leave the policy to decide, and fractions round up", async () => {
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

test("the dead letter of a thrown object has its message", async () => {
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
  test(`an event whose actor throws ${what} is retried, then dead-lettered`, async () => {
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
