import assert from "node:assert/strict";
import { BeeHiveError, RejectEvent, RetryLater } from "../../../base/errors.ts";
import { Event } from "../../../events/event.ts";
import { receivedEvent } from "../../../events/unreadable.ts";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import type { Hive } from "../../../hive/hive.ts";
import { listOf } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { overriding } from "../../../base/overriding.ts";
import { actor, running, subscribe } from "./harness.ts";

async function letterOf(hive: Hive, queueName: string): Promise<DeadLetter> {
  return eventually(
    `a dead letter on ${queueName}`,
    async () => (await listOf(hive.queue(queueName).deadLetters()))[0],
  );
}

/** Failing actors: retries and dead letters. */
export const failure: readonly ContractCase[] = [
  {
    name: "a failing actor runs again until it succeeds",
    async run(subject) {
      const topic = subject.newName();
      const attempts: number[] = [];
      await using hive = await running(subject, [
        actor(`${topic}-Flaky`, (_, { attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new Error("not yet");
        }),
      ]);
      await hive.push(new Event(topic));
      await eventually("the third attempt", () => attempts.length === 3);
      await hive.whenIdle();
      assert.deepEqual(attempts, [1, 2, 3]);
      assert.equal((await hive.queue(`${topic}-Flaky`).counts()).dead, 0);
    },
  },
  {
    name: "a rejected event is dead-lettered at once, with the reason",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [
        actor(`${topic}-Strict`, () => {
          throw new RejectEvent("the order has no lines");
        }),
      ]);
      await hive.push(new Event(topic));
      const letter = await letterOf(hive, `${topic}-Strict`);
      assert.deepEqual([letter.reason, letter.errorName, letter.attempts], ["the order has no lines", "Rejected", 1]);
    },
  },
  {
    name: "a rule may allow more attempts than the retry policy",
    async run(subject) {
      const topic = subject.newName();
      let runs = 0;
      const fails = actor(
        `${topic}-Patient`,
        () => {
          runs++;
          throw new TypeError("still down");
        },
        {
          retry: { maxAttempts: 2, minDelay: 1, maxDelay: 1 },
          supervision: [{ on: TypeError, action: "retry", retry: { maxAttempts: 4 } }],
        },
      );
      await using hive = await running(subject, [fails]);
      await hive.push(new Event(topic));
      const letter = await letterOf(hive, `${topic}-Patient`);
      assert.deepEqual([runs, letter.attempts], [4, 4]);
      assert.equal(letter.reason, "failed 4 times, the last with: still down");
    },
  },
  {
    name: "an unreadable body is dead-lettered at once, with its place",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [actor(`${topic}-Reader`, (event) => void event.getBody())]);
      const broken = Event.fromRecord({ ...new Event(topic).toRecord(), body: '{"a": 1, }' });
      await hive.push(broken);
      const letter = await letterOf(hive, `${topic}-Reader`);
      assert.match(letter.reason, /not JSON.*position 9/);
      assert.deepEqual([letter.attempts, letter.event.body], [1, broken.body]);
    },
  },
  {
    name: "a message that is no event is dead-lettered at once",
    async run(subject) {
      const topic = subject.newName();
      const worked: string[] = [];
      await using hive = await running(subject, [actor(`${topic}-Strict`, ({ id }) => void worked.push(id))]);
      const { id } = new Event(topic);
      const record = { ...new Event(topic, { n: 1 }, { partitionKey: "k" }).toRecord(), id };
      await hive.push(receivedEvent({ ...record, partitionKey: "a\0b", correlationId: "\ud800" }));
      const letter = await letterOf(hive, `${topic}-Strict`);
      assert.match(letter.reason, /cannot be read\..*NUL|cannot be read\..*not well-formed/);
      const { event, attempts, errorName } = letter;
      assert.deepEqual([attempts, errorName, event.id], [1, "InvalidEvent", id]);
      assert.deepEqual([event.getBody(), event.partitionKey], [{ n: 1 }, "a\\u0000b"]);
      await hive.push(new Event(topic, {}, { id: `${id}-next`, partitionKey: event.partitionKey }));
      await eventually("the next of its key is worked on", () => worked.length > 0);
      assert.deepEqual(worked, [`${id}-next`]);
    },
  },
  {
    name: "RetryLater delays the next attempt",
    async run(subject) {
      const topic = subject.newName();
      const delayMs = Math.max(1_500, subject.leaseMs);
      const times: number[] = [];
      await using hive = await running(subject, [
        actor(`${topic}-Patient`, (_, { attempt }) => {
          times.push(Date.now());
          if (attempt === 1) throw new RetryLater(delayMs);
        }),
      ]);
      await hive.push(new Event(topic));
      await eventually("the second attempt", () => times.length === 2);
      const [first = 0, second = 0] = times;
      assert.ok(second - first >= delayMs - 500, `it was retried after ${second - first} ms`);
    },
  },
  {
    name: "exhausted attempts dead-letter; a requeue starts anew",
    async run(subject) {
      const topic = subject.newName();
      const queueName = `${topic}-Hopeless`;
      const attempts: number[] = [];
      let hopeless = true;
      const work = actor(
        queueName,
        (_, { attempt }) => {
          attempts.push(attempt);
          if (hopeless) throw new TypeError(`failed at ${attempt}`);
        },
        { retry: { maxAttempts: 3 } },
      );
      await using hive = await running(subject, [work]);
      const started = Date.now();
      const event = new Event(topic, { order: 17 }, { properties: { urgent: true }, correlationId: "c" });
      await hive.push(event);
      const letter = await letterOf(hive, queueName);
      assert.deepEqual(attempts, [1, 2, 3]);
      assert.deepEqual(
        [letter.event.id, letter.event.getBody(), { ...letter.event.properties }, letter.event.correlationId],
        [event.id, { order: 17 }, { urgent: true }, "c"],
      );
      assert.match(letter.reason, /failed 3 times.*failed at 3/);
      assert.deepEqual([letter.errorName, letter.errorMessage], ["TypeError", "failed at 3"]);
      assert.match(letter.stack ?? "", /TypeError: failed at 3\n\s+at /);
      assert.deepEqual([letter.actor, letter.subscription, letter.attempts], ["TestActor", queueName, 3]);
      assert.ok(
        letter.firstSeen.getTime() >= started - 1_000 &&
          letter.firstSeen <= letter.lastSeen &&
          letter.lastSeen.getTime() <= Date.now() + 1_000,
      );

      hopeless = false;
      assert.equal(await hive.queue(queueName).requeue({ all: true }), 1);
      await eventually("it is tried anew", () => attempts.length === 4);
      assert.equal(attempts[3], 1);
      await hive.whenIdle();
      assert.deepEqual(await listOf(hive.queue(queueName).deadLetters()), []);
    },
  },
  {
    name: "drop removes one letter or all, and returns the number",
    async run(subject) {
      const topic = subject.newName();
      const queueName = `${topic}-Strict`;
      await using hive = await running(subject, [
        actor(queueName, () => {
          throw new RejectEvent("never");
        }),
      ]);
      const events = [1, 2, 3].map((n) => new Event(topic, n));
      await hive.push(events);
      await eventually(
        "all are rejected",
        async () => (await listOf(hive.queue(queueName).deadLetters())).length === 3,
      );
      assert.equal(await hive.queue(queueName).drop(events[1]?.id ?? ""), 1);
      assert.deepEqual(
        (await listOf(hive.queue(queueName).deadLetters()))
          .map(({ event }) => event.getBody<number>())
          .sort((a, b) => a - b),
        [1, 3],
      );
      assert.equal(await hive.queue(queueName).drop({ all: true }), 2);
      assert.deepEqual(await listOf(hive.queue(queueName).deadLetters()), []);
    },
  },
  {
    name: "an actor that cannot be made once is retried",
    async run(subject) {
      const topic = subject.newName();
      const attempts: number[] = [];
      let made = 0;
      class Late {
        constructor() {
          if (++made === 1) throw new Error("the database is not up yet");
        }
        async processAsync(_: Event, { attempt }: { readonly attempt: number }): Promise<void> {
          attempts.push(attempt);
        }
      }
      subscribe(Late, `${topic}-Late`);
      await using hive = await running(subject, [Late]);
      await hive.push(new Event(topic));
      await eventually("it was made", () => attempts.length === 1);
      assert.deepEqual(attempts, [2]);
    },
  },
  {
    name: "an actor that can never be made is dead-lettered, with the cause",
    async run(subject) {
      const topic = subject.newName();
      class Never {
        constructor() {
          throw new Error("no connection string");
        }
        async processAsync(): Promise<void> {}
      }
      subscribe(Never, `${topic}-Never`, { retry: { maxAttempts: 2 } });
      await using hive = await running(subject, [Never]);
      await hive.push(new Event(topic));
      const letter = await letterOf(hive, `${topic}-Never`);
      assert.equal(letter.attempts, 2);
      assert.match(letter.reason, /Never cannot be made.*no connection string/s);
    },
  },
  {
    name: "an output that is no event dead-letters, naming the actor",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [
        actor(`${topic}-Wrong`, () => [{ eventType: "NotAnEvent" }] as unknown as Event[]),
      ]);
      await hive.push(new Event(topic));
      assert.match((await letterOf(hive, `${topic}-Wrong`)).reason, /TestActor returned an object among its events/);
    },
  },
  {
    name: "too many outputs publish nothing and dead-letter",
    async run(subject) {
      const [topic, out] = [subject.newName(), subject.newName()];
      const options = { maxOutputs: 20, publishes: [`${out}-`] };
      await using hive = await running(subject, [
        actor(
          `${topic}-Sync`,
          function* () {
            for (;;) yield new Event(out);
          },
          options,
        ),
        actor(
          `${topic}-Async`,
          async function* () {
            for (;;) yield new Event(out);
          },
          options,
        ),
        actor(`${out}-Reader`, () => []),
      ]);
      await hive.push(new Event(topic));
      for (const name of ["Sync", "Async"]) {
        const letter = await letterOf(hive, `${topic}-${name}`);
        assert.equal(letter.attempts, 1);
        assert.match(letter.reason, /TestActor returned more than 20 events for one event.*maxOutputs/);
      }
      const { ready, leased, delayed } = await hive.queue(`${out}-Reader`).counts();
      assert.deepEqual([ready, leased, delayed], [0, 0, 0]);
    },
  },
  {
    name: "a disposable actor is disposed after each run",
    async run(subject) {
      const topic = subject.newName();
      let made = 0;
      let disposed = 0;
      class Disposed {
        constructor() {
          made++;
        }
        async processAsync(_: Event, { attempt }: { readonly attempt: number }): Promise<Event[]> {
          if (attempt === 1) throw new Error("once");
          return attempt === 2 ? [new Event(subject.newName())] : [];
        }
        async [Symbol.asyncDispose](): Promise<void> {
          disposed++;
          throw new Error("and this too");
        }
      }
      subscribe(Disposed, `${topic}-Disposed`);
      await using hive = await running(subject, [Disposed]);
      await hive.push(new Event(topic));
      await eventually("three attempts", () => made === 3);
      await hive.whenIdle();
      assert.deepEqual([made, disposed], [3, 3]);
      assert.equal((await hive.queue(`${topic}-Disposed`).counts()).dead, 0);
    },
  },
  {
    name: "a paused subscription works on events after the pause",
    async run(subject) {
      const topic = subject.newName();
      let pausedAt = Infinity;
      const runsAt: number[] = [];
      const works = actor(
        `${topic}-Works`,
        async (event) => {
          if (event.getBody() === "next" || pausedAt < Infinity) return void runsAt.push(Date.now());
          // The free slot polls meanwhile.
          await wait(200);
          pausedAt = Date.now();
          throw new TypeError("the bank is down");
        },
        { parallelism: 2, supervision: [{ on: TypeError, action: "pause", pause: 1_000 }] },
      );
      await using hive = await running(subject, [works]);
      await hive.push(new Event(topic, "down"));
      await eventually("the pause", () => pausedAt < Infinity);
      await wait(20);
      await hive.push(new Event(topic, "next"));
      await eventually("both events", () => runsAt.length === 2);
      assert.ok(Math.min(...runsAt) - pausedAt >= 990, `worked on ${Math.min(...runsAt) - pausedAt} ms into the pause`);
    },
  },
  {
    name: "a repeated step publishes outputs under the same ids",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      const seen: string[] = [];
      const { capabilities } = subject.provider;
      const crashing = overriding(subject.provider, {
        capabilities: { ...capabilities, atomicStep: "It publishes before it commits." },
      });
      let crashed = false;
      crashing.beginStep = (lease) => {
        const step = subject.provider.beginStep(lease);
        if (crashed || !String(lease.queueName).startsWith(a)) return step;
        return {
          stores: step.stores,
          discard: () => step.discard(),
          cancel: (key) => step.cancel(key),
          async commit(outputs) {
            crashed = true;
            await subject.provider.queues.push(outputs);
            throw new BeeHiveError("Unavailable", "crashed before the commit");
          },
        };
      };
      // Another order at the second attempt: an id must not depend on the position.
      const outputs = (attempt: number): Event[] => {
        const bodies = ["x", "y", "x"].map((body) => new Event(b, body));
        return attempt === 1 ? bodies : bodies.toReversed();
      };
      await using hive = await running({ provider: crashing }, [
        actor(`${a}-Crashes`, (_, { attempt }) => outputs(attempt)),
        actor(`${b}-Sees`, (event) => void seen.push(`${event.getBody<string>()} ${event.id}`)),
      ]);
      await hive.push(new Event(a));
      await eventually("all outputs arrived", () => seen.length >= 3);
      await hive.whenIdle();
      await wait(100);
      assert.equal(new Set(seen).size, 3);
      if (subject.provider.capabilities.deduplication === true) assert.equal(seen.length, 3);
      else assert.equal(seen.length, 6);
    },
  },
];
