import assert from "node:assert/strict";
import type { BatchContext } from "../../../actors/actor.ts";
import { RejectEvent } from "../../../base/errors.ts";
import { Event } from "../../../events/event.ts";
import { listOf } from "../assertions.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { actor, batchActor, running } from "./harness.ts";

/** Longer than a case: a batch is handed over because it is full. */
const never = "10m";

function bodies(events: readonly Event[]): unknown[] {
  return sorted(events.map((event) => event.getBody()));
}

function sorted<T>(values: readonly T[]): T[] {
  return values.toSorted((one, other) => (String(one) < String(other) ? -1 : 1));
}

/** Actors that take events in batches. */
export const batches: readonly ContractCase[] = [
  {
    name: "a full batch goes at once, an incomplete one after its interval",
    async run(subject) {
      const topic = subject.newName();
      const taken: unknown[][] = [];
      const take = (events: readonly Event[]): void => void taken.push(bodies(events));
      await using hive = await running(subject, [
        batchActor(`${topic}-Full`, take, { batch: { size: 3, interval: never } }),
        batchActor(`${topic}-Later`, take, { batch: { size: 100, interval: 500 } }),
      ]);
      await hive.push([1, 2, 3].map((n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.deepEqual(sorted(taken.flat()), [1, 1, 2, 2, 3, 3]);
      assert.ok(
        taken.some((one) => one.length === 3),
        "three events are one batch",
      );
    },
  },
  {
    name: "the outputs of a batch and of its events are published",
    async run(subject) {
      const [topic, out] = [subject.newName(), subject.newName()];
      const seen: unknown[] = [];
      await using hive = await running(subject, [
        batchActor(
          `${topic}-Works`,
          (events) => [
            ...events.map(({ id }) => new Event(out, "one", { causationId: id })),
            new Event(out, `${events.length} in all`),
          ],
          { batch: { size: 2, interval: never }, publishes: [out] },
        ),
        actor(`${out}-Sees`, (event) => void seen.push([event.getBody(), event.causationId])),
      ]);
      const events = [1, 2].map((n) => new Event(topic, n));
      await hive.push(events);
      await hive.whenIdle();
      const causes = events.map(({ id }) => id);
      const ofEach = seen.filter((one) => (one as unknown[])[0] === "one").map((one) => (one as unknown[])[1]);
      assert.deepEqual(sorted(ofEach), sorted(causes));
      const [[, causeOfAll] = []] = seen.filter((one) => (one as unknown[])[0] === "2 in all") as unknown[][];
      assert.ok(causes.includes(String(causeOfAll)), "an event of the batch caused it");
      assert.equal(seen.length, 3);
    },
  },
  {
    name: "a failed event of a batch is settled by itself",
    async run(subject) {
      const topic = subject.newName();
      const attempts: unknown[] = [];
      const work = (_: readonly Event[], context: BatchContext): void => {
        for (const { event, attempt } of context.batch) {
          attempts.push([event.getBody(), attempt]);
          if (event.getBody() === "bad") context.fail(event, new RejectEvent("a bad one"));
          if (event.getBody() === "late" && attempt === 1) context.fail(event, new Error("not now"));
        }
      };
      await using hive = await running(subject, [
        batchActor(`${topic}-Works`, work, { batch: { size: 3, interval: 200 } }),
      ]);
      await hive.push(["bad", "good", "late"].map((text) => new Event(topic, text)));
      await hive.whenIdle();
      assert.deepEqual(sorted(attempts), [
        ["bad", 1],
        ["good", 1],
        ["late", 1],
        ["late", 2],
      ]);
      const letters = await eventually("the bad one is a dead letter", async () => {
        const found = await listOf(hive.queue(`${topic}-Works`).deadLetters());
        return found.length > 0 && found;
      });
      assert.deepEqual(
        letters.map(({ reason, attempts: n }) => [reason, n]),
        [["a bad one", 1]],
      );
    },
  },
  {
    name: "a throw fails all events of a batch, which come again",
    async run(subject) {
      const topic = subject.newName();
      const seen: unknown[] = [];
      const work = (_: readonly Event[], { batch, attempt }: BatchContext): void => {
        seen.push(...batch.map((one) => [one.event.getBody(), one.attempt]));
        if (attempt === 1) throw new Error("not now");
      };
      await using hive = await running(subject, [
        batchActor(`${topic}-Works`, work, { batch: { size: 2, interval: 200 } }),
      ]);
      await hive.push([1, 2].map((n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.deepEqual(sorted(seen), [
        [1, 1],
        [1, 2],
        [2, 1],
        [2, 2],
      ]);
    },
  },
  {
    name: "a batch that splits finds its bad event",
    async run(subject) {
      const topic = subject.newName();
      const done: unknown[] = [];
      const work = (events: readonly Event[]): void => {
        if (bodies(events).includes(3)) throw new RejectEvent("there is a bad one");
        done.push(...bodies(events));
      };
      await using hive = await running(subject, [
        batchActor(`${topic}-Works`, work, { batch: { size: 4, interval: never, onThrow: "split" } }),
      ]);
      await hive.push([1, 2, 3, 4].map((n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.deepEqual(sorted(done), [1, 2, 4]);
      const letters = await eventually("the bad one is a dead letter", async () => {
        const found = await listOf(hive.queue(`${topic}-Works`).deadLetters());
        return found.length > 0 && found;
      });
      assert.deepEqual(
        letters.map(({ event }) => event.getBody()),
        [3],
      );
    },
  },
  {
    name: "events keep their leases while their batch fills",
    async run(subject) {
      const topic = subject.newName();
      const { leaseMs: lease } = subject;
      const attempts: unknown[] = [];
      await using hive = await running(subject, [
        batchActor(
          `${topic}-Works`,
          (_, { batch }) => void attempts.push(...batch.map(({ event, attempt }) => [event.getBody(), attempt])),
          { lease, batch: { size: 100, interval: lease * 2.2 } },
        ),
      ]);
      await hive.push([1, 2].map((n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.deepEqual(sorted(attempts), [
        [1, 1],
        [2, 1],
      ]);
    },
  },
  {
    name: "a stop gives back the events of a batch that fills, uncounted",
    async run(subject) {
      const topic = subject.newName();
      const seen: unknown[] = [];
      const name = `${topic}-Works`;
      const hive = await running(subject, [
        batchActor(name, () => void seen.push("too early"), { batch: { size: 100, interval: never } }),
      ]);
      await hive.push([1, 2].map((n) => new Event(topic, n)));
      await eventually("they wait", async () => {
        const { actors } = (await hive.health()).detail;
        return actors.some(({ inFlight }) => inFlight === 2);
      });
      await hive.stop();
      await using next = await running(subject, [
        batchActor(name, (_, { batch }) => void seen.push(...batch.map(({ attempt }) => attempt)), {
          batch: { interval: 200 },
        }),
      ]);
      await eventually("the next hive has them", () => seen.length === 2);
      await next.whenIdle();
      assert.deepEqual(seen, [1, 1]);
    },
  },
  needs("ordering", {
    name: "batches keep the order of each key when events fail",
    async run(subject) {
      const topic = subject.newName();
      const done: string[] = [];
      const work = (_: readonly Event[], context: BatchContext): void => {
        for (const { event, attempt } of context.batch)
          if (event.getBody() === "a1" && attempt === 1) context.fail(event, new Error("not now"));
          else done.push(String(event.getBody()));
      };
      await using hive = await running(subject, [
        batchActor(`${topic}-Works`, work, { ordered: true, batch: { size: 4, interval: 100 } }),
      ]);
      for (const text of ["a1", "b1", "a2", "b2", "a3"])
        await hive.push(new Event(topic, text, { partitionKey: text.charAt(0) }));
      await hive.whenIdle();
      assert.deepEqual(
        done.filter((text) => text.startsWith("a")),
        ["a1", "a2", "a3"],
      );
      assert.deepEqual(
        done.filter((text) => text.startsWith("b")),
        ["b1", "b2"],
      );
    },
  }),
];
