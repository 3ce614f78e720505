import { Event, eventType, fromCloudEvent, toCloudEvent } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("cancel keys and expiry");
const timestamp = new Date("2026-03-01T12:00:00Z");

test("an event without them has no further properties", () => {
  const event = new Event("Ping");
  assert.equal([event.cancelKey, event.expires, event.properties], [undefined, undefined, {}]);
});

test("an expiry is a date, or counts from the earliest delivery", () => {
  const enqueueTime = new Date("2026-03-01T13:00:00Z");
  const at = (options: object): string | undefined =>
    new Event("Ping", 1, { timestamp, ...options }).expires?.toISOString();
  assert.is(at({ expires: new Date("2026-03-02T00:00:00Z") }), "2026-03-02T00:00:00.000Z");
  assert.is(at({ expires: "10m" }), "2026-03-01T12:10:00.000Z");
  assert.is(at({ expires: "10m", enqueueTime }), "2026-03-01T13:10:00.000Z");
});

test("a length of time counts from the publication, by the clock of the hive", () => {
  const clock = { now: () => timestamp.getTime() };
  const timesOf = (event: Event): (string | undefined)[] => {
    const { enqueueTime, expires } = event.counted(clock);
    return [enqueueTime?.toISOString(), expires?.toISOString()];
  };
  assert.equal(timesOf(new Event("Ping", 1, { delay: "1h" })), ["2026-03-01T13:00:00.000Z", undefined]);
  const both = new Event("Ping", 1, { delay: "1h", expires: "10m" });
  assert.equal(timesOf(both), ["2026-03-01T13:00:00.000Z", "2026-03-01T13:10:00.000Z"]);
  assert.equal(timesOf(both.clone()), timesOf(both));
  assert.equal(timesOf(both.clone({ enqueueTime: timestamp })), [timestamp.toISOString(), "2026-03-01T12:10:00.000Z"]);
  assert.equal(timesOf(both.clone({ expires: undefined })), ["2026-03-01T13:00:00.000Z", undefined]);
  assert.equal(timesOf(new Event("Ping", 1, { expires: "10m" })), [undefined, "2026-03-01T12:10:00.000Z"]);
  assert.equal(timesOf(new Event("Ping")), [undefined, undefined]);
  assert.ok(new Event("Ping", 1, { delay: "1h" }).enqueueTime, "a provider may be given one that is not counted");
});

test("a clone keeps the expiry, and not the cancel key", () => {
  const event = new Event("Ping", 1, { timestamp, expires: "1h", cancelKey: "hold-17", properties: { a: 1 } });
  const clone = event.clone({ properties: { b: 2 } });
  assert.equal([clone.cancelKey, clone.expires], [undefined, event.expires]);
  assert.is(event.clone({ expires: undefined }).expires, undefined);
  assert.is(event.clone({ cancelKey: "other" }).cancelKey, "other");
  assert.equal(event.clone().properties, { a: 1, expirytime: "2026-03-01T13:00:00.000Z" });
});

test("the expiry is that of CloudEvents; outside cancel keys are ignored", () => {
  const made = eventType("Ping").create({}, { timestamp, expires: "1h", cancelKey: "hold-17" });
  const cloudEvent = toCloudEvent(made);
  assert.is(cloudEvent["expirytime"], "2026-03-01T13:00:00.000Z");
  const read = fromCloudEvent(cloudEvent);
  assert.equal([read.expires, read.cancelKey], [made.expires, undefined]);
});

test("an expiry of others that is no time counts as none", () => {
  assert.is(new Event("Ping", 1, { properties: { expirytime: "soon" } }).expires, undefined);
});

test("wrong values are refused", async () => {
  for (const wrong of [
    { delay: "soon" },
    { delay: -1 },
    { delay: "1m", enqueueTime: timestamp },
    { expires: "soon" },
    { expires: 0 },
    { expires: new Date(Number.NaN) },
    { cancelKey: 17 },
  ])
    await throwsCode("InvalidEvent", () => new Event("Ping", 1, wrong as never));
  await throwsCode("InvalidEvent", () => new Event("Ping", 1, { cancelKey: "a\nb" }));
  await throwsCode("InvalidEvent", () => new Event("Ping", 1, { cancelKey: "x".repeat(256) }));
});

test.run();
