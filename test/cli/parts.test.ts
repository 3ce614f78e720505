/** Units of the command line: the progress of a push, its events, and the choice of dead letters. */
import * as assert from "uvu/assert";
import { filtered, type Filter } from "../../src/cli/dead-letters/filter.ts";
import { eventOf, type EventSettings } from "../../src/cli/push/event-maker.ts";
import type { Item } from "../../src/cli/input/place.ts";
import { Pusher } from "../../src/cli/push/pusher.ts";
import type { DeadLetter } from "../../src/contract/dead-letter.ts";
import { Event } from "../../src/events/event.ts";
import type { Recording } from "../../src/journal/recording.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import type { QueueOperator } from "../../src/contract/queue-operator.ts";
import { suite } from "../support/suite.ts";

const test = suite("parts of the command line");

function pushing(size: number, done = 0) {
  const batches: number[] = [];
  const queues = { push: async (events: readonly Event[]) => void batches.push(events.length) };
  return { batches, pusher: new Pusher(queues as Partial<QueueOperator> as QueueOperator, size, done) };
}

test("a full batch is pushed, and its last number is done", async () => {
  const { batches, pusher } = pushing(2);
  for (const number of [1, 2, 3]) await pusher.add(new Event("Ping"), number);
  assert.equal([batches, pusher.pushed, pusher.done], [[2], 2, 2]);
  pusher.pass(4);
  assert.is(pusher.done, 2, "what was not pushed before it is not done");
  await pusher.flush();
  assert.equal([batches, pusher.pushed, pusher.done], [[2, 1], 3, 4]);
});

test("a megabyte of events is pushed before the batch is full", async () => {
  const { batches, pusher } = pushing(100);
  const large = (): Event => new Event("Ping", "x".repeat(300 * 1024));
  for (let number = 1; number <= 9; number++) await pusher.add(large(), number);
  assert.equal(batches, [4, 4]);
});

test("a push that begins in the middle has done the items before", async () => {
  const { pusher } = pushing(10, 7);
  await pusher.flush();
  assert.is(pusher.done, 7);
});

test("the journal records a batch that was pushed, and no other", async () => {
  const written: number[] = [];
  const recording = { pushed: (events: readonly Event[]) => void written.push(events.length) } as unknown as Recording;
  let down = false;
  const push = async (): Promise<void> => {
    if (down) throw new Error("no answer");
  };
  const pusher = new Pusher({ push } as Partial<QueueOperator> as QueueOperator, 2, 0, recording);
  await pusher.add(new Event("Ping"), 1);
  await pusher.flush();
  down = true;
  await pusher.add(new Event("Ping"), 2);
  await pusher.flush().catch(() => {});
  assert.equal([written, pusher.pushed, pusher.done], [[1], 1, 1]);
});

const settings: EventSettings = {
  queue: QueueName.parse("Ping-"),
  type: "Ping",
  cloudEvents: false,
  properties: {},
  correlationId: undefined,
  partitionKeyFrom: undefined,
  idFrom: undefined,
  delay: undefined,
  versions: { types: [], given: undefined },
  runId: "run",
};
const itemOf = (value: unknown): Item => ({ number: 1, line: 1, text: JSON.stringify(value) });

test("a CloudEvent keeps its id and its own properties", () => {
  const value = { specversion: "1.0", id: "mine", source: "/shop", type: "Ping", data: 1, own: "kept" };
  const event = eventOf(itemOf(value), { ...settings, cloudEvents: true, properties: { all: true } });
  assert.is(event.id, "mine");
  assert.is(event.properties["all"], true);
  assert.ok(Object.values(event.properties).includes("kept"), JSON.stringify(event.properties));
});

test("a path without a key in the body is reported", () => {
  const idFrom = (path: string): Event => eventOf(itemOf({ id: "", list: ["a"] }), { ...settings, idFrom: path });
  for (const path of ["body.id", "body.list", "body.nothing"]) assert.throws(() => idFrom(path), /no text or number/);
  assert.is(eventOf(itemOf({ order: { id: 7 } }), { ...settings, idFrom: "body.order.id" }).id, "7");
});

const letters: DeadLetter[] = [1, 2, 3].map((n) => ({
  id: `letter-${n}`,
  event: new Event(n === 2 ? "Pong" : "Ping", n, { id: `${n}` }),
  reason: `Reason ${n}`,
  errorName: n === 3 ? "TypeError" : "Error",
  errorMessage: "",
  stack: undefined,
  actor: n === 1 ? "First" : "Other",
  subscription: "Ping-Works",
  attempts: 1,
  firstSeen: new Date(0),
  lastSeen: new Date(n * 1_000),
}));

for (const [what, filter, expected] of [
  ["nothing", {}, "123"],
  ["a part of the reason, in any case", { reason: "reason 2" }, "2"],
  ["the error", { error: "TypeError" }, "3"],
  ["the actor", { actor: "Other" }, "23"],
  ["the type", { type: "Ping" }, "13"],
  ["a time from which", { since: new Date(2_000) }, "23"],
  ["a time until which", { until: new Date(2_000) }, "1"],
  ["how many", { limit: 2 }, "12"],
  ["two things", { type: "Ping", actor: "Other" }, "3"],
] as const satisfies readonly (readonly [string, Filter, string])[])
  test(`${what} chooses the matching dead letters`, async () => {
    async function* source(): AsyncGenerator<DeadLetter, void, undefined> {
      yield* letters;
    }
    let found = "";
    for await (const { event } of filtered(source(), filter)) found += event.id;
    assert.is(found, expected);
  });

test.run();
