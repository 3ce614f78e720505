import * as assert from "uvu/assert";
import { Event, fromCloudEvent } from "beehive-actors";
import { assertReadable, receivedEvent } from "../../../src/events/unreadable.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("unreadable messages");

const good = new Event("A", { n: 1 }, { id: "1", partitionKey: "k", properties: { p: "q" } }).toRecord();

test("a good record is received as its event", () => {
  const event = receivedEvent(good);
  assert.equal(event.toRecord(), good);
  assert.not.throws(() => assertReadable(event));
});

for (const [what, bad, kept] of [
  ["a partition key with NUL", { partitionKey: "a\0b" }, { partitionKey: "a\\u0000b" }],
  ["halves of characters", { correlationId: "\udc00x\ud800" }, { correlationId: "\\udc00x\\ud800" }],
  ["an id that is a number", { id: 7 }, { id: "7" }],
  ["a type with NUL", { eventType: "A\0" }, { eventType: "A\\u0000" }],
  ["a key that is an object", { partitionKey: Object.create(null) }, { partitionKey: "an object (Object)" }],
  ["a time that no date has", { timestamp: 1e300 }, { timestamp: 0 }],
  ["a body that is no text", { body: 7 }, { body: "" }],
  ["a text that is no Unicode", { body: "\ud800" }, { body: "\ufffd" }],
  ["a content type that is none", { contentType: undefined }, { contentType: "application/octet-stream" }],
] as const) {
  test(`a record with ${what} keeps the rest and the reason`, async () => {
    const event = receivedEvent({ ...good, ...bad } as never);
    const { properties, ...record } = event.toRecord();
    const { properties: _, ...expected } = good;
    assert.equal(record, { ...expected, ...kept });
    assert.is(properties?.["p"], "q");
    const { message } = await throwsCode("InvalidEvent", () => assertReadable(event));
    assert.match(message, /^The message cannot be read\. Not an event: /);
    await throwsCode("InvalidEvent", () => assertReadable(Event.fromRecord(event.toRecord())));
  });
}

test("wrong ids become ids, equal ones the same", () => {
  const idOf = (id: unknown): string => receivedEvent({ ...good, id } as never).id;
  assert.is(idOf(""), idOf(""));
  assert.is.not(idOf(`\0${"a".repeat(200)}`), idOf(`\0${"a".repeat(201)}`));
  assert.ok(idOf(`\0${"a".repeat(200)}`).length <= 128);
});

test("wrong properties become texts", () => {
  const event = receivedEvent({ ...good, properties: { "a\0": 1, b: [1, 2], c: true, d: Number.NaN } } as never);
  const { beehiveunreadable: reason, ...rest } = event.properties;
  assert.equal(rest, { "a\\u0000": 1, b: "an array", c: true, d: "NaN" });
  assert.match(String(reason), /name of a property/);
});

test("the mark is dropped when it comes from a sender", () => {
  const properties = { beehiveunreadable: "hello", p: "q" };
  const cloudEvent = { specversion: "1.0", id: "1", source: "/s", type: "A", data: 1, ...properties };
  for (const event of [new Event("A", 1, { properties }), fromCloudEvent(cloudEvent, "A-")]) {
    assert.not.throws(() => assertReadable(event));
    assert.is(event.properties["p"], "q");
  }
});

test("a clone of an unreadable event can be read", () => {
  const event = receivedEvent({ ...good, partitionKey: "a\0b" });
  const { properties } = event;
  for (const clone of [event.clone({ partitionKey: "k" }), event.clone({ properties })]) {
    assert.not.throws(() => assertReadable(clone));
    assert.equal(clone.properties, { p: "q" });
  }
});

test.run();
