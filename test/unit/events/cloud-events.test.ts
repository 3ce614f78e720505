import { CloudEvent, HTTP } from "cloudevents";
import {
  cloudEventsJson,
  Event,
  fromCloudEvent,
  fromCloudEventText,
  toCloudEvent,
  toCloudEventText,
  type EventOptions,
} from "beehive-actors";
import { cloudEventRecord } from "../../../src/events/cloud-events.ts";
import * as assert from "uvu/assert";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("CloudEvents");

const full: EventOptions = {
  id: "e-1",
  timestamp: new Date("2020-02-29T12:00:00.000Z"),
  url: "https://shop.example/orders/1",
  properties: { subject: "orders/1", source: "/shop", retries: 3, urgent: true, ratio: 0.5, "X-Odd Name": "kept" },
  enqueueTime: new Date("2020-03-01T00:00:00.000Z"),
  correlationId: "c-1",
  causationId: "e-0",
  partitionKey: "1",
};

for (const [what, event] of Object.entries({
  "a JSON body and every field": new Event("OrderAccepted", { orderId: "1" }, full),
  "no body": new Event("OrderAccepted"),
  "a body that is null": new Event("OrderAccepted", null),
  "attributes that are not what CloudEvents says": new Event("OrderAccepted", 1, {
    properties: { subject: 7, dataschema: "#", source: "my shop", note: "two\nlines" },
  }),
  "a property called __proto__": new Event("Seen", 0, { properties: { ["__proto__"]: "p" } }),
  text: new Event("Note", "grüezi", { contentType: "text/plain" }),
  bytes: new Event("Photo", new Uint8Array([0, 1, 255])),
  "a log event to a queue": new Event("Seen", 0, { delivery: "log", queueName: "Audits" }),
  "the default source as its source": new Event("Seen", 0, { properties: { source: "urn:beehive" } }),
})) {
  test(`the cloudevents package accepts an event with ${what}`, () => {
    const read = new CloudEvent(structuredClone(toCloudEvent(event)) as object);
    assert.ok(read.validate());
    assert.is(read.id, event.id);
    assert.is(read.type, event.eventType);
    assert.is(read.time, event.timestamp.toISOString());
  });

  test(`the cloudevents package reads an event with ${what} from HTTP`, () => {
    const body = JSON.stringify(toCloudEvent(event));
    const read = HTTP.toEvent({ headers: { "content-type": cloudEventsJson }, body });
    assert.instance(read, CloudEvent);
    assert.is((read as CloudEvent<unknown>).type, event.eventType);
  });

  test(`an event with ${what} survives JSON`, () => {
    const text = JSON.stringify(toCloudEvent(event));
    assert.equal(cloudEventRecord(JSON.parse(text)), event.toRecord());
    const back = fromCloudEvent(JSON.parse(text), event.queueName);
    assert.equal(back.toRecord(), { ...event.toRecord(), enqueueTime: undefined, delivery: "business" });
    assert.equal(fromCloudEventText(toCloudEventText(event), event.queueName).toRecord(), back.toRecord());
  });
}

test("a CloudEvent of the cloudevents package becomes an event", () => {
  const theirs = new CloudEvent({
    id: "7",
    source: "/warehouse",
    type: "com.example.stock.changed",
    time: "2020-02-29T12:00:00.000Z",
    subject: "lamp",
    data: { left: 3 },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });
  const event = fromCloudEvent(theirs.toJSON(), "StockChanged-");
  assert.is(event.id, "7");
  assert.is(event.eventType, "com.example.stock.changed");
  assert.is(event.queueName, "StockChanged-");
  assert.equal(event.getBody(), { left: 3 });
  assert.is(event.properties["source"], "/warehouse");
  assert.is(event.properties["subject"], "lamp");
  assert.match(String(event.properties["traceparent"]), /^00-0af7/);
});

test("an event of Event Grid loses nothing", () => {
  const event = fromCloudEvent({
    specversion: "1.0",
    type: "Microsoft.Storage.BlobCreated",
    source: "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/shop",
    id: "9aeb0fdf-c01e-0131-0922-9eb54906e209",
    time: "2019-11-18T15:13:39.4589254Z",
    subject: "blobServices/default/containers/orders/blobs/1.json",
    dataschema: "#",
    data: { api: "PutBlockList", contentLength: 447, url: "https://shop.blob.core.windows.net/orders/1.json" },
  });
  assert.is(event.eventType, "Microsoft.Storage.BlobCreated");
  assert.is(event.timestamp.toISOString(), "2019-11-18T15:13:39.458Z");
  assert.is(event.getBody<{ contentLength: number }>().contentLength, 447);
  assert.is(event.properties["subject"], "blobServices/default/containers/orders/blobs/1.json");
  assert.is(event.properties["dataschema"], "#");
  assert.equal(fromCloudEvent(toCloudEvent(event)).toRecord(), event.toRecord());
});

test("bytes as data are the body", () => {
  const datacontenttype = "application/octet-stream";
  for (const data of [Buffer.from([1, 2]), Uint8Array.of(1, 2)]) {
    const event = fromCloudEvent({ ...good, datacontenttype, data });
    assert.equal([event.contentType, event.body], [datacontenttype, Uint8Array.of(1, 2)]);
    assert.is(fromCloudEvent({ ...good, data }).contentType, datacontenttype);
  }
});

test("data that would be lost is refused", () => {
  assert.throws(() => fromCloudEvent({ ...good, data: new Map([[1, 2]]) }), /its data has a Map, of which/);
  assert.throws(() => fromCloudEvent({ ...good, data: { a: new Set([1]) } }), /its data has a Set at "a", of which/);
  for (const data_base64 of ["@@@", "aGVs*bG8=", "a===", "aGVsb"])
    assert.throws(() => fromCloudEvent({ ...good, data_base64 }), /its data_base64 is not base64/, data_base64);
  assert.equal(fromCloudEvent({ ...good, data_base64: "aGk" }).body, new Uint8Array(Buffer.from("hi")));
});

test("the source attribute wins over a source among the properties", () => {
  const event = fromCloudEvent({ ...good, source: "/shop", beehiveproperties: '{"source":"/evil","n":1}' });
  assert.equal(event.properties, { source: "/shop", n: 1 });
});

test("the sender's queue, time and delivery are ignored", () => {
  const orders = { beehivequeue: "Refunds-", beehiveenqueuetime: "2999-01-01T00:00:00Z", beehivedelivery: "log" };
  for (const event of [
    fromCloudEvent({ ...good, ...orders, data: {} }, "Webhooks-"),
    fromCloudEventText(JSON.stringify({ ...good, ...orders, data: {} }), "Webhooks-"),
  ]) {
    assert.equal([event.queueName, event.enqueueTime, event.delivery], ["Webhooks-", undefined, "business"]);
    assert.equal(Object.keys(event.properties), ["source"]);
  }
  assert.is(fromCloudEvent({ ...good, ...orders }).queueName, "");
});

test("JSON data keeps every character", () => {
  for (const body of [
    '{"id":820982911946154508,"price":1.10,"z":-0,"big":1e400}',
    ' { "b" : 1, "1" : "\\ud83d\\ude00 \u{1F600} \\u0041", "b" : [ 1.0 , {} ] }\n',
    '"a text with \\" and \\\\"',
    "12345678901234567890",
    "[".repeat(50_000) + "]".repeat(50_000),
  ]) {
    const event = Event.fromRecord({ ...new Event("Order").toRecord(), body });
    const text = toCloudEventText(event);
    assert.ok(fromCloudEventText(text).body === body, body.slice(0, 50));
    assert.equal((JSON.parse(text) as { data: unknown }).data === undefined, false);
  }
});

test("base64 data keeps every byte", () => {
  const bytes = Buffer.from("89504e470d0a1a0afffe", "hex");
  const base64 = bytes.toString("base64");
  const untyped = fromCloudEvent({ ...good, data_base64: base64 });
  assert.equal([untyped.contentType, untyped.body], ["application/octet-stream", new Uint8Array(bytes)]);
  const json = fromCloudEvent({ ...good, datacontenttype: "application/json", data_base64: base64 });
  assert.equal(json.body, new Uint8Array(bytes));
  assert.throws(() => json.getBody(), /its content type is application\/json and its bytes are not UTF-8/);
  const event = new Event("Photo", new Uint8Array(bytes), { contentType: "application/json" });
  assert.equal(fromCloudEvent(toCloudEvent(event)).body, event.body);
});

const good = { specversion: "1.0", id: "1", source: "/s", type: "t" };
for (const [what, bad, reason] of [
  ["text", "{}", /it is not an object/],
  ["null", null, /it is not an object/],
  ["no version", { ...good, specversion: undefined }, /its specversion is undefined, not "1\.0"/],
  ["another version", { ...good, specversion: "0.3" }, /its specversion is "0\.3"/],
  ["no id", { ...good, id: "" }, /its id must be/],
  ["no source", { ...good, source: undefined }, /its source must be/],
  ["a type that is a number", { ...good, type: 1 }, /its type must be/],
  ["a time that is none", { ...good, time: "soon" }, /its time, "soon", is not a time/],
  ["a content type that is no text", { ...good, datacontenttype: 1 }, /its datacontenttype must be a text/],
  ["a time that no date has", { ...good, time: "2024-13-01T00:00:00Z" }, /its time, "2024-13/],
  ["a partition key with NUL", { ...good, partitionkey: "a\0b" }, /the partitionKey of an event must not hold NUL/],
  ["half of a surrogate pair", { ...good, id: "\ud800" }, /the id of an event is not well-formed/],
  ["data that is nested too deeply", { ...good, data: deep() }, /its data cannot be written as JSON/],
  ["properties that are not JSON", { ...good, beehiveproperties: "{" }, /beehiveproperties is not JSON/],
] as const) {
  test(`a CloudEvent with ${what} is refused with the reason`, async () => {
    const error = await failureOf(() => fromCloudEvent(bad));
    assert.is(error.code, "InvalidEvent");
    assert.match(error.message, reason);
  });
}

test("wrong properties of other producers are left out", () => {
  const beehiveproperties = '{"__proto__":{"admin":true},"nested":{"a":1},"list":[1],"none":null,"colour":"red"}';
  const event = fromCloudEvent({ specversion: "1.0", id: "1", source: "s", type: "t", beehiveproperties });
  assert.equal({ ...event.properties }, { source: "s", colour: "red" });
  assert.is(event.properties["admin"], undefined);
  assert.not.throws(() => new Event("Next", 1, { properties: event.properties }));
});

test("null attributes count as absent", () => {
  const event = fromCloudEvent({ ...good, time: null, datacontenttype: null, data: null, data_base64: null });
  assert.equal([event.body, event.contentType], ["", "application/json"]);
  const record = cloudEventRecord({
    ...good,
    correlationid: null,
    beehivequeue: null,
    beehiveenqueuetime: null,
    beehiveproperties: null,
    tenant: null,
    note: undefined,
  });
  assert.equal([record.correlationId, record.queueName, record.enqueueTime], [undefined, "", undefined]);
  assert.equal({ ...record.properties }, { source: "/s" });
});

test("an attribute __proto__ is a property like any other", () => {
  const { properties } = fromCloudEventText(`${JSON.stringify(good).slice(0, -1)},"__proto__":"p"}`);
  assert.equal(Object.entries(properties), [
    ["__proto__", "p"],
    ["source", "/s"],
  ]);
  assert.is(Object.getPrototypeOf(properties), Object.prototype);
});

test("properties are frozen, also when there are none", () => {
  for (const source of ["/s", "urn:beehive"]) {
    const { properties } = cloudEventRecord({ ...good, source });
    assert.ok(Object.isFrozen(properties));
    assert.equal({ ...properties }, source === "/s" ? { source } : {});
  }
});

test("the last of several data members is the body", () => {
  const start = JSON.stringify(good).slice(0, -1);
  assert.is(fromCloudEventText(`${start},"data":1,"data":{"n" : 2.0}}`).body, '{"n" : 2.0}');
  assert.is(fromCloudEventText(`${start},"data":1,"d\\u0061ta":[2.0]}`).body, "[2.0]");
  assert.is(fromCloudEventText(`{"data":3.0,"x":{"data":4}${start.replace("{", ",")}}`).body, "3.0");
});

test("attributes are written in one order, absent ones not at all", () => {
  const event = new Event("OrderAccepted", { orderId: "1" }, { ...full, delivery: "log" });
  assert.is(
    toCloudEventText(event),
    '{"specversion":"1.0","id":"e-1","source":"/shop","type":"OrderAccepted","time":"2020-02-29T12:00:00.000Z",' +
      '"datacontenttype":"application/json","subject":"orders/1","retries":3,"urgent":true,"correlationid":"c-1",' +
      '"causationid":"e-0","partitionkey":"1","beehivequeue":"OrderAccepted-",' +
      '"beehiveurl":"https://shop.example/orders/1","beehiveenqueuetime":"2020-03-01T00:00:00.000Z",' +
      '"beehivedelivery":"log","beehiveproperties":"{\\"ratio\\":0.5,\\"X-Odd Name\\":\\"kept\\"}",' +
      '"data":{"orderId":"1"}}',
  );
  assert.equal(Object.keys(toCloudEvent(new Event("Seen"))), [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "beehivequeue",
  ]);
});

test("text that is no CloudEvent is refused with the place, unquoted", async () => {
  const broken = await failureOf(() => fromCloudEventText('{"specversion":"1.0","secret'));
  assert.is(broken.code, "InvalidEvent");
  assert.match(broken.message, /it is not JSON, wrong at position 21/);
  assert.not.match(broken.message, /secret/);
});

test.run();

function deep(): unknown {
  return JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
}
