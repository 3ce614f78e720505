import * as assert from "uvu/assert";
import type { ActorDescriptor } from "../../../src/actors/actor.ts";
import { Event } from "../../../src/events/event.ts";
import { deliveryEntry, pushEntry } from "../../../src/journal/recording.ts";
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

test.run();
