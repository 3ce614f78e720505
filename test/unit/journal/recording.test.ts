import * as assert from "uvu/assert";
import type { ActorDescriptor } from "../../../src/actors/actor.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { DeliveryReport } from "../../../src/delivery/delivery.ts";
import { Event } from "../../../src/events/event.ts";
import type { Journal, JournalEntry } from "../../../src/journal/journal.ts";
import { deliveryEntry, pushEntry, Recording } from "../../../src/journal/recording.ts";
import { suite } from "../../support/suite.ts";

const test = suite("entries of a journal");

const messageOf = (error: unknown): string | undefined =>
  deliveryEntry(
    {
      event: new Event("Ping"),
      descriptor: { name: "PingActor" } as ActorDescriptor,
      attempt: 1,
      outcome: "retried",
      durationMs: 1,
      outputs: [],
      error,
    },
    undefined,
    0,
  ).errorMessage;

test("an error is recorded as the first line of its message, cut at 200", () => {
  assert.is(messageOf(new Error("one\ntwo")), "one");
  assert.is(messageOf(new Error("x".repeat(200))), "x".repeat(200));
  assert.is(messageOf(new Error("x".repeat(201))), `${"x".repeat(199)}…`);
});

test("a secret in an error message is not recorded", () => {
  assert.is(messageOf(new Error("no answer from amqps://user:hunter2@host")), "no answer from amqps://***@host");
});

test("the push of a delayed event records when it is due", () => {
  const event = new Event("Ping", 1, { enqueueTime: new Date(5_000) });
  assert.is(pushEntry(event, undefined, 0).dueAt, 5_000);
});

/** Returns whether the entry of a delivery is made at once: it then refers to no event. */
function madeAtOnce(changes: Partial<DeliveryReport>): boolean {
  const entries: JournalEntry[] = [];
  let late = false;
  const journal: Pick<Journal, "append" | "appendLate"> = {
    append: (entry) => void entries.push(entry),
    appendLate(entry) {
      late = true;
      entries.push(entry.made());
    },
  };
  const recording = new Recording(journal as Journal, systemClock, silentLogger, undefined);
  const descriptor = { name: "PingActor" } as ActorDescriptor;
  const event = new Event("Ping", 1);
  const delivery = { attempt: 1, outcome: "committed", durationMs: 1, outputs: [], error: undefined } as const;
  recording.delivered({ event, descriptor, ...delivery, ...changes });
  assert.equal(
    entries.map(({ eventType }) => eventType),
    ["Ping"],
  );
  return !late;
}

test("an entry of small events is made when it is read", () => {
  assert.is(madeAtOnce({ outputs: [new Event("Pong", 1)] }), false);
});

test("an entry keeps no large or shared body and no error in memory", () => {
  const large = "x".repeat(2_000);
  assert.is(madeAtOnce({ event: new Event("Ping", large) }), true);
  assert.is(madeAtOnce({ event: new Event("Ping", {}, { byReference: true }) }), true);
  assert.is(madeAtOnce({ outputs: [new Event("Pong", 1), new Event("Pong", large)] }), true);
  assert.is(madeAtOnce({ error: new Error("with an answer") }), true);
});

test.run();
