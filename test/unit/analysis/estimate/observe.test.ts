import { createHive, Event, RetryLater, silentLogger } from "beehive-actors";
import { estimate } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { observe } from "../../../../src/analysis/estimate/observe.ts";
import type { JournalEntry } from "../../../../src/journal/journal.ts";
import { suite } from "../../../support/suite.ts";
import { actorOf } from "../graph/graphs.ts";

const test = suite("what an estimate reads in a journal");

async function* entries(given: readonly Partial<JournalEntry>[]) {
  for (const entry of given)
    yield { outcome: "committed", attempt: 1, outputs: [], timestamp: 0, ...entry } as unknown as JournalEntry;
}

const output = (destination: string) => ({ id: "o", eventType: "O", destination, dueAt: undefined });

test("durations, attempts and outputs are means for an event", async () => {
  const read = () =>
    entries([
      { eventId: "1", queueName: "In-A", outcome: "retry" as never, time: 42, durationMs: 30 },
      {
        eventId: "1",
        queueName: "In-A",
        attempt: 2,
        time: 95,
        durationMs: 10,
        outputs: [output("Out-"), output("Out-")],
      },
      { eventId: "2", queueName: "In-A", time: 100, durationMs: 20, outputs: [output("Out-")] },
    ]);
  const { actors } = await observe({ read });
  const means = { events: 2, durationMs: 20, attempts: 1.5, publishes: { "Out-": 1.5 } };
  assert.equal(actors.get("In-A"), { ...means, longestMs: 30, lagMs: 80 });
});

test("a delayed event waits from the due time in its publishing entry", async () => {
  const read = () =>
    entries([
      { eventId: "o", queueName: "Out-B", time: 5_020, durationMs: 10 },
      { eventId: "1", queueName: "In-A", time: 9, durationMs: 9, outputs: [{ ...output("Out-"), dueAt: 5_000 }] },
    ]);
  const { actors } = await observe({ read });
  assert.equal([actors.get("Out-B")?.lagMs, actors.get("In-A")?.lagMs], [10, 0]);
});

test("an attempt whose outputs fill several entries counts once", async () => {
  const part = { eventId: "1", queueName: "In-A", time: 0, durationMs: 8 };
  const read = () =>
    entries([
      { ...part, outputs: [output("Out-")] },
      { ...part, outputs: [output("Out-")] },
    ]);
  const { actors } = await observe({ read });
  const { durationMs, events, attempts, publishes } = actors.get("In-A") ?? {};
  assert.equal([events, durationMs, attempts, publishes], [1, 8, 1, { "Out-": 2 }]);
});

test("pushes give the rates at the entries, and pauses nothing", async () => {
  const push = { outcome: "pushed", queueName: "In-", attempt: 0, durationMs: 0 } as const;
  const read = () =>
    entries([
      { ...push, eventId: "1", time: 0 },
      { ...push, eventId: "2", time: 4_000 },
      { outcome: "paused", queueName: "In-A", time: 9_000 },
    ]);
  const { rates, seconds } = await observe({ read });
  assert.equal([[...rates], seconds], [[["In-", 0.5]], 4]);
});

test("a hive that ran is planned as it was seen", async () => {
  const tried = new Set<string>();
  const reader = actorOf("Reader", { "Done-Reader": [] });
  const worker = actorOf("Worker", { "In-Worker": ["Done", "Failed"] });
  worker.prototype.processAsync = async ({ id }: Event): Promise<Event[]> => {
    if (tried.has(id)) return [new Event("Done", 1)];
    tried.add(id);
    throw new RetryLater(1);
  };
  await using hive = await createHive({ actors: [reader, worker], journal: true, logger: silentLogger });
  await hive.start();
  await hive.push(Array.from({ length: 10 }, (_, n) => new Event("In", n)));
  await hive.whenIdle();
  const { traffic } = await estimate({ actors: [reader, worker], rates: { In: "10/s" }, observed: hive.journal });
  assert.equal(
    traffic.flows.map(({ queue, rate, work }) => [queue, rate, work.attempts]),
    [
      ["Done-Reader", 10, 1],
      ["In-Worker", 10, 2],
    ],
  );
});

test.run();
