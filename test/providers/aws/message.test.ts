import * as assert from "uvu/assert";
import { bodyOf, eventFrom, fifoToken } from "../../../providers/aws/queues/message.ts";
import { isNotice } from "../../../providers/aws/queues/notices.ts";
import {
  attributesOfOthers,
  attributesWith,
  redeliveryStateIn,
  type RedeliveryState,
} from "../../../providers/aws/queues/redelivery-state.ts";
import { Event, isBeeHiveError, QueueName } from "../../../src/index.ts";
import { assertReadable } from "../../../src/events/unreadable.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: messages");
const origin = { id: "m-1", queueName: QueueName.parse("Orders-Payment"), sentAt: 1_000, partitionKey: undefined };
const read = (value: unknown): Event => eventFrom(typeof value === "string" ? value : JSON.stringify(value), origin);

test("given our own event, when it is read, then it is the same, on its subscription", () => {
  const event = new Event(
    "OrderAccepted",
    { text: "🐝 \uFFFE" },
    { queueName: "Orders-", properties: { n: 1 }, partitionKey: "p" },
  );
  const { queueName, ...rest } = read(bodyOf(event)).toRecord();
  const { queueName: _, ...pushed } = event.toRecord();
  assert.is(queueName, "Orders-Payment");
  assert.equal({ ...rest, properties: { ...rest.properties } }, { ...pushed, properties: { ...pushed.properties } });
});

test("given any event, when its body is made, then SQS takes every character of it", () => {
  const body = bodyOf(new Event("Odd", "\u0000\u0001🐝\uFFFE\uFFFF\u007f\u2028"));
  // oxlint-disable-next-line no-control-regex -- the three that SQS takes
  assert.not.match(body, /[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd]/);
});

test("given a CloudEvent of others, when it is read, then it is that event", () => {
  const event = read({
    specversion: "1.0",
    id: "c-1",
    source: "/shop",
    type: "com.shop.order",
    data: { n: 1 },
    subject: "s",
  });
  assert.equal(
    [event.id, event.eventType, event.getBody(), event.properties["source"], event.properties["subject"]],
    ["c-1", "com.shop.order", { n: 1 }, "/shop", "s"],
  );
});

test("given plain JSON, when it is read, then it is the body, the id is that of the message and the type the topic", () => {
  const event = read('{"order": 17}');
  assert.equal(
    [event.id, event.eventType, event.getBody(), event.timestamp.getTime()],
    ["m-1", "Orders", { order: 17 }, 1_000],
  );
});

test("given an SNS envelope around plain JSON, when it is read, then it is what is inside, under the id of the notification", () => {
  const event = read({
    Type: "Notification",
    MessageId: "n-1",
    TopicArn: "arn:aws:sns:r:1:t",
    Subject: "Hello",
    Message: '{"order":17}',
    Timestamp: "2024-01-01T00:00:00.000Z",
  });
  assert.equal(
    [event.id, event.getBody(), event.properties["subject"], event.timestamp.toISOString()],
    ["n-1", { order: 17 }, "Hello", "2024-01-01T00:00:00.000Z"],
  );
});

test("given an SNS envelope around one of our events, when it is read, then it is our event", () => {
  const ours = new Event("OrderAccepted", 1);
  assert.is(read({ Type: "Notification", MessageId: "n-1", TopicArn: "arn", Message: bodyOf(ours) }).id, ours.id);
});

test("given an EventBridge event, when it is read, then its type is the detail-type and its body the detail", () => {
  const event = read({
    version: "0",
    id: "e-1",
    "detail-type": "Order Placed",
    source: "shop",
    account: "1",
    time: "2024-01-01T00:00:00Z",
    region: "r",
    resources: [],
    detail: { n: 1 },
  });
  assert.equal(
    [event.id, event.eventType, event.getBody(), event.properties["source"]],
    ["e-1", "Order Placed", { n: 1 }, "shop"],
  );
});

test("given a notification of S3, when it is read, then its type is the event name and its url the object", () => {
  const s3 = { bucket: { name: "b" }, object: { key: "a/b+c%C3%A4.txt" } };
  const event = read({
    Records: [
      {
        eventSource: "aws:s3",
        eventName: "ObjectCreated:Put",
        eventTime: "2024-01-01T00:00:00.000Z",
        awsRegion: "r",
        s3,
      },
    ],
  });
  assert.equal(
    [event.eventType, event.url, event.properties["bucket"]],
    ["ObjectCreated:Put", "s3://b/a/b%20c%C3%A4.txt", "b"],
  );
});

const attributes = {
  tenant: { DataType: "String", StringValue: "acme" },
  weight: { DataType: "Number.float", StringValue: "1.5" },
  account: { DataType: "Number", StringValue: "9007199254740993" },
  price: { DataType: "Number", StringValue: "12.50" },
  huge: { DataType: "Number", StringValue: "Infinity" },
  code: { DataType: "String", StringValue: "7" },
  tags: { DataType: "String.Array", StringValue: '["a"]' },
  raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) },
};

test("given attributes of a message, when it is read, then they are properties, numbers only where nothing is lost", () => {
  const event = eventFrom('{"order":1}', { ...origin, attributes });
  assert.equal(
    { ...event.properties },
    {
      tenant: "acme",
      weight: 1.5,
      account: "9007199254740993",
      price: "12.50",
      huge: "Infinity",
      code: "7",
      tags: '["a"]',
      raw: "AP8=",
    },
  );
});

test("given attributes beside an event of ours, when it is read, then what it says of itself stays", () => {
  const ours = new Event("OrderAccepted", 1, { properties: { tenant: "ours" } });
  const event = eventFrom(bodyOf(ours), { ...origin, attributes });
  assert.equal([event.id, event.properties["tenant"], event.properties["weight"]], [ours.id, "ours", 1.5]);
});

test("given an SNS envelope with attributes, when it is read, then they and its topic are properties", () => {
  const event = read({
    Type: "Notification",
    MessageId: "n-1",
    TopicArn: "arn:aws:sns:r:1:t",
    Message: '{"order":17}',
    MessageAttributes: {
      tenant: { Type: "String", Value: "acme" },
      weight: { Type: "Number", Value: "2" },
      raw: { Type: "Binary", Value: "AP8=" },
      odd: null,
      odder: { Type: 1, Value: "x" },
    },
  });
  assert.equal({ ...event.properties }, { tenant: "acme", weight: 2, raw: "AP8=", topicArn: "arn:aws:sns:r:1:t" });
});

test("given an EventBridge event with resources, when it is read, then all it says beside the detail is a property", () => {
  const rules = ["arn:aws:events:eu-west-1:1:rule/nightly", "arn:aws:events:eu-west-1:1:rule/b"];
  const event = read({
    version: "0",
    id: "e-1",
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: "1",
    time: "2024-01-01T00:00:00Z",
    region: "eu-west-1",
    resources: rules,
    "replay-name": "again",
    detail: {},
  });
  assert.equal(JSON.parse(String(event.properties["resources"])), rules);
  assert.equal(
    ["source", "account", "region", "replay-name", "version"].map((name) => event.properties[name]),
    ["aws.events", "1", "eu-west-1", "again", undefined],
  );
});

const s3Test = { Service: "Amazon S3", Event: "s3:TestEvent", Time: "2024-01-01T00:00:00.000Z", Bucket: "b" };

test("given notices of AWS, bare or in an SNS envelope, when they are read, then they are known as such", () => {
  const envelope = { Type: "Notification", MessageId: "n-1", TopicArn: "arn", Message: JSON.stringify(s3Test) };
  for (const notice of [s3Test, envelope]) {
    const event = read(notice);
    assert.ok(isNotice(event));
    assert.equal([event.eventType, event.properties["bucket"]], ["s3:TestEvent", "b"]);
    assert.is(event.timestamp.toISOString(), "2024-01-01T00:00:00.000Z");
  }
  for (const Type of ["SubscriptionConfirmation", "UnsubscribeConfirmation"]) {
    const event = read({ Type, TopicArn: "arn:t", SubscribeURL: "https://sns", Token: "t" });
    assert.ok(isNotice(event));
    assert.equal([event.properties["topicArn"], event.properties["subscribeUrl"]], ["arn:t", "https://sns"]);
  }
});

test("given events that only resemble notices of AWS, when they are read, then they are events", () => {
  for (const odd of [
    { Event: "s3:TestEvent" },
    { Service: "Amazon S3", Event: "s3:ObjectCreated:Put" },
    { Type: "SubscriptionConfirmation" },
    { Type: "Other", TopicArn: "arn" },
  ])
    assert.not.ok(isNotice(read(odd)), JSON.stringify(odd));
  for (const eventType of ["s3:TestEvent", "SubscriptionConfirmation"])
    assert.not.ok(isNotice(new Event(eventType, 1, { queueName: "Orders" })));
  assert.not.ok(isNotice(new Event("Other", 1, { properties: { source: "aws:s3" } })));
  assert.not.ok(isNotice(new Event("Other", 1, { properties: { source: "aws:sns" } })));
});

test("given ten attributes of others, when a copy has a note as well, then each comes back whole", () => {
  const ten = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`a${n}`, { DataType: "String", StringValue: String(n) }]),
  );
  const copy = attributesWith({ id: "e-1" }, ten);
  assert.is(Object.keys(copy).length, 10);
  assert.equal([attributesOfOthers(copy), redeliveryStateIn(copy)], [ten, { id: "e-1" }]);
  const { a9: _, ...nine } = ten;
  const bytes = { ...nine, last: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) } };
  assert.equal(attributesOfOthers(attributesWith({}, bytes)), bytes);
});

test("given a note of others, when attributes are taken from it, then only what is one is taken", () => {
  for (const others of [1, [1], [["a"]], [["a", "String", "x", 1]], "no", null])
    assert.equal(attributesOfOthers({ beehive: { DataType: "String", StringValue: JSON.stringify({ others }) } }), {});
  assert.equal(attributesOfOthers({ a: attributes.code }), { a: attributes.code });
});

test("given a message that is no JSON, when it is read, then getBody says that it cannot be, which dead-letters it", () => {
  const event = read("not JSON");
  assert.is(event.body, "not JSON");
  try {
    event.getBody();
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "BodyUnreadable"));
  }
});

test("given what only looks like one of the known shapes, when it is read, then it is plain JSON", () => {
  for (const odd of [
    null,
    1,
    "text",
    [],
    { specversion: "0.3", id: 1 },
    { Type: "Notification" },
    { "detail-type": 1 },
    { Records: [] },
    { Records: [{ eventSource: "other" }] },
  ])
    assert.equal(read(JSON.stringify(odd)).getBody(), odd);
});

test("given a notification of S3 whose names are no texts, when it is read, then it has no url and is an event all the same", () => {
  const s3 = { bucket: { name: { a: 1 } }, object: { key: 5 } };
  const event = read({ Records: [{ eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3 }] });
  assert.equal([event.eventType, event.url], ["ObjectCreated:Put", undefined]);
});

test("given JSON that is nested too deeply to be written again, when it is read, then it is the body all the same", () => {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  for (const [body, type] of [
    [`{"id":"1","detail-type":"x","source":"s","detail":${deep}}`, "x"],
    [`{"specversion":"1.0","id":"1","source":"s","type":"t","data":${deep}}`, "t"],
  ] as const) {
    const event = read(body);
    assert.equal([event.id, event.eventType], ["1", type]);
    assert.ok(event.body === deep);
  }
});

test("given JSON written any way, when our event goes there and back, then not a character of its body changes", () => {
  for (const body of [
    '{"id":820982911946154508,"price":1.10}',
    ' { "a" : 1e400, "a" : -0 }\r\n',
    '"\u{1F600} \uffff"',
    '"\\ud83d\\ude00"',
    '["\u{1F600}","\\ud83d\\uDE00 \\\\ud83d"]',
    "null",
    "{broken \u{1F600}",
  ]) {
    const event = Event.fromRecord({ ...new Event("Order").toRecord(), body });
    const message = bodyOf(event);
    assert.ok(!/[\ud800-\udfff\ufffe\uffff]/.test(message), "SQS takes none of these");
    assert.is(read(message).body, body);
    assert.is(read(JSON.stringify({ Type: "Notification", TopicArn: "t", Message: message })).body, body);
  }
});

test("given numbers of others, when their messages are read, then no digit of the body changes", () => {
  const data = '{"id":820982911946154508,"price":1.10}';
  for (const body of [
    `{"detail-type":"x","source":"s","detail":${data}}`,
    `{"specversion":"1.0","id":"1","source":"s","type":"t","data":${data},"time":null}`,
    data,
  ])
    assert.is(read(body).body, data);
});

test("given a CloudEvent with a text that no event can have, when it is read, then it says why it cannot be worked on", () => {
  const event = read(
    JSON.stringify({ specversion: "1.0", id: "1", source: "s", type: "t", partitionkey: "a\0b", data: 7 }),
  );
  assert.equal([event.id, event.partitionKey, event.body], ["1", "a\\u0000b", "7"]);
  assert.throws(() => assertReadable(event), /cannot be read\. .*the partitionKey of an event must not hold NUL/);
  const again = read(bodyOf(event));
  assert.equal(again.toRecord(), { ...event.toRecord(), queueName: again.queueName });
});

test("given notes that are none of ours, when they are read, then they say nothing", () => {
  const noteOf = (text: string): RedeliveryState => redeliveryStateIn({ beehive: { StringValue: text } });
  const note = { id: "e-1", attempts: -2, firstSeen: 1, notBefore: 2, unread: 3 };
  assert.equal(noteOf(JSON.stringify(note)), note);
  for (const odd of [
    "",
    "null",
    "7",
    "[1]",
    '{"id":5,"attempts":"a","firstSeen":{},"notBefore":"z","unread":1.5}',
    '{"id":""}',
    '{"firstSeen":8.7e15,"notBefore":1e300}',
  ])
    assert.equal(noteOf(odd), {}, odd);
});

test("given keys and ids, when they name message groups, then what SQS takes stays and the rest is hashed", () => {
  assert.is(fifoToken("order-17"), "order-17");
  for (const odd of ["", "two words", "ü", "x".repeat(129)]) assert.match(fifoToken(odd), /^[0-9a-f]{64}$/);
});

test.run();
