import * as assert from "uvu/assert";
import { bodyOf, eventOf, fifoToken } from "../../../providers/aws/queues/message.ts";
import { isNotice } from "../../../providers/aws/queues/notices.ts";
import {
  attributesOfOthers,
  attributesWith,
  redeliveryStateIn,
  type RedeliveryState,
} from "../../../providers/aws/queues/redelivery-state.ts";
import { assertReadable } from "../../../src/events/unreadable.ts";
import { Event, isBeeHiveError, QueueName } from "../../../src/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: messages");
const origin = { id: "m-1", queueName: QueueName.parse("Orders-Payment"), sentAt: 1_000, partitionKey: undefined };
const read = (value: unknown): Event => eventOf(typeof value === "string" ? value : JSON.stringify(value), origin);

test("an event is read back on its subscription", () => {
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

test("a message body has only characters that SQS takes", () => {
  const body = bodyOf(new Event("Odd", "\u0000\u0001🐝\uFFFE\uFFFF\u007f\u2028"));
  // oxlint-disable-next-line no-control-regex -- SQS takes three control characters
  assert.not.match(body, /[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd]/);
});

test("a foreign CloudEvent is read as that event", () => {
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

test("a message has no destination, and its marks are no properties", () => {
  for (const body of [{ n: 1 }, Buffer.from('{"n":1}'), "\uFFFE"]) {
    const message = bodyOf(new Event("Seen", body, { contentType: "application/json" }));
    assert.not.match(message, /beehivequeue/);
    assert.equal({ ...read(message).properties }, {});
  }
  const foreign = {
    specversion: "1.0",
    id: "c-1",
    source: "/shop",
    type: "t",
    beehivebytes: "x",
    beehiveescapes: null,
  };
  assert.equal({ ...read(foreign).properties }, { source: "/shop" });
});

test("plain JSON is the body, with the message id and the topic as its type", () => {
  const event = read('{"order": 17}');
  assert.equal(
    [event.id, event.eventType, event.getBody(), event.timestamp.getTime()],
    ["m-1", "Orders", { order: 17 }, 1_000],
  );
});

test("an SNS envelope around JSON is read under the notification's id", () => {
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

test("an SNS envelope around an event is that event", () => {
  const ours = new Event("OrderAccepted", 1);
  assert.is(read({ Type: "Notification", MessageId: "n-1", TopicArn: "arn", Message: bodyOf(ours) }).id, ours.id);
});

test("an EventBridge event has its detail-type and its detail", () => {
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

test("an S3 notification has its event name and the object as its url", () => {
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

test("attributes become properties, numbers where nothing is lost", () => {
  const event = eventOf('{"order":1}', { ...origin, attributes });
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

test("properties of an event take precedence over attributes", () => {
  const ours = new Event("OrderAccepted", 1, { properties: { tenant: "ours" } });
  const event = eventOf(bodyOf(ours), { ...origin, attributes });
  assert.equal([event.id, event.properties["tenant"], event.properties["weight"]], [ours.id, "ours", 1.5]);
});

test("attributes and topic of an SNS envelope become properties", () => {
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

test("fields of an EventBridge event become properties", () => {
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

test("notices of AWS are recognised, bare or in an envelope", () => {
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

test("events that resemble notices are events", () => {
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

test("ten attributes and a redelivery state come back whole", () => {
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

test("only valid fields of a foreign state are read", () => {
  for (const others of [1, [1], [["a"]], [["a", "String", "x", 1]], "no", null])
    assert.equal(attributesOfOthers({ beehive: { DataType: "String", StringValue: JSON.stringify({ others }) } }), {});
  assert.equal(attributesOfOthers({ a: attributes.code }), { a: attributes.code });
});

test("a message that is not JSON is reported by getBody", () => {
  const event = read("not JSON");
  assert.is(event.body, "not JSON");
  try {
    event.getBody();
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "BodyUnreadable"));
  }
});

test("a message that resembles a known shape is plain JSON", () => {
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

test("an S3 notification without text names has no url", () => {
  const s3 = { bucket: { name: { a: 1 } }, object: { key: 5 } };
  const event = read({ Records: [{ eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3 }] });
  assert.equal([event.eventType, event.url], ["ObjectCreated:Put", undefined]);
});

test("deeply nested JSON is the body", () => {
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

test("the text of a JSON body never changes", () => {
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

test("numbers in foreign messages keep all digits", () => {
  const data = '{"id":820982911946154508,"price":1.10}';
  for (const body of [
    `{"detail-type":"x","source":"s","detail":${data}}`,
    `{"specversion":"1.0","id":"1","source":"s","type":"t","data":${data},"time":null}`,
    data,
  ])
    assert.is(read(body).body, data);
});

test("a CloudEvent with an invalid text reports why it is unreadable", () => {
  const event = read(
    JSON.stringify({ specversion: "1.0", id: "1", source: "s", type: "t", partitionkey: "a\0b", data: 7 }),
  );
  assert.equal([event.id, event.partitionKey, event.body], ["1", "a\\u0000b", "7"]);
  assert.throws(() => assertReadable(event), /cannot be read\. .*the partitionKey of an event must not hold NUL/);
  const again = read(bodyOf(event));
  assert.equal(again.toRecord(), { ...event.toRecord(), queueName: again.queueName });
});

test("invalid redelivery states are ignored", () => {
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

test("group ids that SQS refuses are hashed", () => {
  assert.is(fifoToken("order-17"), "order-17");
  for (const odd of ["", "two words", "ü", "x".repeat(129)]) assert.match(fifoToken(odd), /^[0-9a-f]{64}$/);
});

test.run();
