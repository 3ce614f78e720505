import * as assert from "uvu/assert";
import { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import { stampOutputs } from "../../../src/delivery/stamp.ts";
import { stampRules } from "../../support/stamp-rules.ts";
import { suite } from "../../support/suite.ts";

const test = suite("identityOf");

const eventOf = (id: string, source?: string): Event =>
  Event.fromRecord({
    id,
    eventType: "Reading",
    queueName: "Readings-Store",
    timestamp: 0,
    contentType: "application/json",
    body: "1",
    properties: source === undefined ? {} : { source },
  });

test("without a source the identity is the id", () => {
  assert.is(identityOf(eventOf("order-1")), "order-1");
  assert.is(identityOf(eventOf("order-1", "")), "order-1");
});

test("with a source the identity is a hash of both", () => {
  const identity = identityOf(eventOf("1", "/sensors/a"));
  assert.is(identityOf(eventOf("1", "/sensors/a")), identity);
  const others = [eventOf("1"), eventOf("1", "/sensors/b"), eventOf("2", "/sensors/a"), eventOf("a1", "/sensors/")];
  assert.not(others.some((other) => identityOf(other) === identity));
  assert.match(identity, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
});

test("outputs of one id from two sources have different ids", () => {
  const idOf = (input: Event): string | undefined =>
    stampOutputs(input, [new Event("Stored", 1)], {}, stampRules())[0]?.id;
  assert.not.equal(idOf(eventOf("1", "/sensors/a")), idOf(eventOf("1", "/sensors/b")));
  assert.is(idOf(eventOf("1", "/sensors/a")), idOf(eventOf("1", "/sensors/a")));
});

test.run();
