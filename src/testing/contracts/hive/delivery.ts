import assert from "node:assert/strict";
import { silentLogger } from "../../../base/logger.ts";
import { Event } from "../../../events/event.ts";
import { createHive } from "../../../hive/hive.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { actor, Gate, running, subscribe } from "./harness.ts";

/** Events from actor to actor. */
export const delivery: readonly ContractCase[] = [
  {
    name: "a chain of actors ties its events together by ids",
    async run(subject) {
      const [a, b, c] = [subject.newName(), subject.newName(), subject.newName()];
      const seen: Event[] = [];
      const note = (event: Event): number => seen.push(event);
      await using hive = await running(subject, [
        actor(`${a}-First`, (event) => (note(event), [new Event(b, { n: event.getBody<{ n: number }>().n + 1 })])),
        actor(
          `${b}-Second`,
          (event) => (note(event), [new Event(c, { n: event.getBody<{ n: number }>().n + 1 }, { queueName: c })]),
          { publishes: [`${c}-${c}`] },
        ),
        actor(c, (event) => void note(event)),
      ]);
      const input = new Event(a, { n: 1 }, { correlationId: "process 1" });
      await hive.push(input);
      await eventually("the last actor has its event", () => seen.length === 3);
      assert.deepEqual(
        seen.map((event) => event.getBody()),
        [{ n: 1 }, { n: 2 }, { n: 3 }],
      );
      assert.deepEqual(
        seen.map(({ correlationId }) => correlationId),
        ["process 1", "process 1", "process 1"],
      );
      assert.deepEqual(
        seen.map(({ causationId }) => causationId),
        [undefined, input.id, seen[1]?.id],
      );
      assert.deepEqual(
        seen.map(({ queueName }) => queueName),
        [`${a}-First`, `${b}-Second`, c],
      );
      assert.equal(new Set(seen.map(({ id }) => id)).size, 3);
    },
  },
  {
    name: "outputs without a correlation id take the id of their cause",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      let output: Event | undefined;
      await using hive = await running(subject, [
        actor(`${a}-First`, () => [new Event(b)]),
        actor(`${b}-Second`, (event) => void (output = event)),
      ]);
      const input = new Event(a);
      await hive.push(input);
      await eventually("the output arrives", () => output !== undefined);
      assert.deepEqual([output?.correlationId, output?.causationId], [input.id, input.id]);
    },
  },
  {
    name: "each subscription handles the event once",
    async run(subject) {
      const topic = subject.newName();
      const seen: string[] = [];
      const both = actor(`${topic}-Two`, (_, { descriptor }) => void seen.push(String(descriptor.queueName)));
      subscribe(both, `${topic}-Three`);
      await using hive = await running(subject, [
        actor(`${topic}-One`, (_, { descriptor }) => void seen.push(String(descriptor.queueName))),
        both,
      ]);
      await hive.push(new Event(topic));
      await eventually("all three worked", () => seen.length >= 3);
      await wait(100);
      assert.deepEqual(seen.sort(), [`${topic}-One`, `${topic}-Three`, `${topic}-Two`]);
    },
  },
  {
    name: "hives on one simple queue share its events",
    async run(subject) {
      const queue = subject.newName();
      const seen: string[] = [];
      const consumer = (): ReturnType<typeof actor> => actor(queue, (event) => void seen.push(event.id));
      await using hive = await running(subject, [consumer()]);
      await using _other = await running(subject, [consumer()]);
      await hive.push(Array.from({ length: 20 }, () => new Event("Work", undefined, { queueName: queue })));
      await eventually("all are done", () => seen.length >= 20);
      await wait(100);
      assert.deepEqual([seen.length, new Set(seen).size], [20, 20]);
    },
  },
  {
    name: "outputs may be nothing, a set or an async iterable",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      const seen: string[] = [];
      await using hive = await running(subject, [
        actor(`${a}-Nothing`, () => undefined),
        actor(`${a}-Set`, () => new Set([new Event(b, "from a set")])),
        actor(`${a}-Async`, async function* () {
          await wait(1);
          yield new Event(b, "from an");
          yield new Event(b, "async iterable");
        }),
        actor(`${b}-Reader`, (event) => void seen.push(event.getBody())),
      ]);
      await hive.push(new Event(a));
      await eventually("all outputs arrive", () => seen.length === 3);
      assert.deepEqual(seen.sort(), ["async iterable", "from a set", "from an"]);
    },
  },
  {
    name: "parallelism limits concurrent events",
    async run(subject) {
      const queue = subject.newName();
      const gate = new Gate();
      let now = 0;
      let most = 0;
      let done = 0;
      const worker = actor(
        queue,
        async () => {
          most = Math.max(most, ++now);
          await gate.pass();
          await wait(5);
          now--;
          done++;
        },
        { parallelism: 3 },
      );
      await using hive = await running(subject, [worker]);
      await hive.push(Array.from({ length: 12 }, (_, n) => new Event("Work", n, { queueName: queue })));
      await eventually("three work at once", () => gate.arrived === 3);
      await wait(200);
      assert.equal(gate.arrived, 3);
      gate.open();
      await eventually("all are done", () => done === 12);
      assert.equal(most, 3);
    },
  },
  {
    name: "a slow actor does not delay others",
    async run(subject) {
      const topic = subject.newName();
      const gate = new Gate();
      let fast = 0;
      await using hive = await running(subject, [
        actor(`${topic}-Slow`, () => gate.pass().then(() => []), { parallelism: 1 }),
        actor(`${topic}-Fast`, () => void fast++),
      ]);
      await hive.push(Array.from({ length: 5 }, (_, n) => new Event(topic, n)));
      await eventually("the fast one is done with all", () => fast === 5);
      await eventually("the slow one works on its first", () => gate.arrived === 1);
      gate.open();
    },
  },
  {
    name: "an output is not delivered before its enqueue time",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      let due = Infinity;
      let arrived: number | undefined;
      await using hive = await running(subject, [
        actor(`${a}-Now`, () => {
          due = Date.now() + 1_500;
          return [new Event(b, undefined, { enqueueTime: new Date(due) })];
        }),
        actor(`${b}-Later`, () => void (arrived = Date.now())),
      ]);
      await hive.push(new Event(a));
      await eventually("it arrives", () => arrived !== undefined);
      assert.ok((arrived ?? 0) >= due - 500, "it arrived too early");
    },
  },
  {
    name: "a checking hive lists its missing queues, and runs once made",
    async run(subject) {
      const topic = subject.newName();
      const actors = [actor(`${topic}-One`, () => []), actor(`${topic}-Two`, () => [])];
      const error = await rejectsWith("QueueNotFound", () => running(subject, actors, { topology: "check" }));
      for (const name of [`${topic}-`, `${topic}-One`, `${topic}-Two`])
        assert.ok(error.message.includes(name), error.message);
      await using _made = await running(subject, actors);
      await using _checked = await running(subject, actors, { topology: "check" });
    },
  },
  {
    name: "a push before the set-up is QueueNotFound with the next step",
    async run(subject) {
      const [topic, elsewhere] = [subject.newName(), subject.newName()];
      const actors = [actor(`${topic}-One`, () => [])];
      await using hive = await createHive({ actors, provider: subject.provider, logger: silentLogger });
      const early = await rejectsWith("QueueNotFound", () => hive.push([new Event(elsewhere), new Event(topic)]));
      assert.match(early.message, new RegExp(`not set up, so "${topic}-".*hive.start\\(\\)`));
      const unread = await rejectsWith("QueueNotFound", () => hive.push(new Event(elsewhere)));
      assert.doesNotMatch(unread.message, /not set up/);
      await hive.setup();
      await hive.push(new Event(topic));
      const late = await rejectsWith("QueueNotFound", () => hive.push(new Event(elsewhere)));
      assert.doesNotMatch(late.message, /not set up/);
    },
  },
  {
    name: "whenIdle waits for whole chains",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      let done = 0;
      await using hive = await running(subject, [
        actor(`${a}-Splits`, () => [1, 2, 3].map((n) => new Event(b, n))),
        actor(`${b}-Counts`, () => wait(10).then(() => void done++)),
      ]);
      await hive.push([new Event(a, 1), new Event(a, 2)]);
      await hive.whenIdle();
      assert.equal(done, 6);
    },
  },
];
