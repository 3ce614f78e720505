import { ServiceBusClient, type ServiceBusMessage, type ServiceBusReceivedMessage } from "@azure/service-bus";
import rhea from "rhea";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { decimalText } from "../../../providers/azure/queues/decimal-text.ts";
import { propertyFrom } from "../../../providers/azure/queues/property-values.ts";
import { readEvent } from "../../../providers/azure/queues/reading.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import type { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { letterFor, ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: properties of foreign messages", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;
let client: ServiceBusClient;
let names = 0;
const newName = (): string => `Said${Date.now().toString(36)}n${++names}`;

/** Types that the typings of rhea leave out. */
const types = rhea.types as unknown as Readonly<Record<string, (value: unknown, descriptor?: string) => never>>;
const typed = (name: string, value: unknown, descriptor?: string): never => {
  const make = types[name];
  if (!make) throw new Error(`rhea has no ${name}`);
  return make(value, descriptor);
};
/** Values that no body can be read from. */
const tooDeep = Object.defineProperty({}, "one", {
  enumerable: true,
  get: () => {
    throw new RangeError("too deep");
  },
});
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  provider = await AzureProvider.open({ ...servers.options, clock });
  client = new ServiceBusClient((servers.broker as ServiceBusBroker).connectionString);
});
test.after(async () => {
  await client.close();
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

const scratch = (): Promise<ScratchQueue> => ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 });
const send = (queue: ScratchQueue, message: object): Promise<void> =>
  client.createSender(`queue-${queue.name}`).sendMessages(message as ServiceBusMessage);

async function received(message: object): Promise<Event> {
  const queue = await scratch();
  await send(queue, message);
  return (await queue.takeOne()).event;
}

test("properties that no number can hold become texts with every digit", async () => {
  const { properties } = await received({
    body: 1,
    applicationProperties: {
      guid: typed("Uuid", bytes("00112233445566778899aabbccddeeff")),
      decimal: typed("Decimal128", bytes("303c000000000000000000000000007b")),
      long: typed("Long", bytes("7fffffffffffffff")),
      negative: typed("Long", bytes("8000000000000000")),
      ulong: typed("Ulong", bytes("ffffffffffffffff")),
      odd: typed("Long", bytes("0020000000000001")),
      small: typed("Long", 7),
      time: new Date(0),
      late: typed("Timestamp", bytes("7fffffffffffffff")),
      bytes: Buffer.from("hello"),
      nothing: null,
      list: [1, "a", new Date(0)],
      map: { a: 1, guid: typed("Uuid", bytes("00112233445566778899aabbccddeeff")) },
      endless: typed("Double", Infinity),
      flag: false,
    },
  });
  assert.equal(
    { ...properties },
    {
      guid: "00112233-4455-6677-8899-aabbccddeeff",
      decimal: "1.23",
      long: "9223372036854775807",
      negative: "-9223372036854775808",
      ulong: "18446744073709551615",
      odd: "9007199254740993",
      small: 7,
      time: "1970-01-01T00:00:00.000Z",
      late: "9223372036854775807",
      bytes: "aGVsbG8=",
      nothing: "null",
      list: '[1,"a","1970-01-01T00:00:00.000Z"]',
      map: '{"a":1,"guid":"00112233-4455-6677-8899-aabbccddeeff"}',
      endless: "Infinity",
      flag: false,
    },
  );
});

test("times and spans of .NET are texts that others read, too", async () => {
  const ticks = (value: bigint): Buffer => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64BE(value);
    return typed("Long", buffer);
  };
  const { properties } = await received({
    body: 1,
    applicationProperties: {
      at: typed("wrap_described", ticks(637_134_336_000_000_001n), "com.microsoft:datetime-offset"),
      before: typed("wrap_described", ticks(621_355_967_999_999_999n), "com.microsoft:datetime-offset"),
      span: typed("wrap_described", ticks(905_000_000n), "com.microsoft:timespan"),
      back: typed("wrap_described", ticks(-10_000_000n), "com.microsoft:timespan"),
      uri: typed("wrap_described", "https://shop.example", "com.microsoft:uri"),
      odd: typed("wrap_described", "soon", "com.microsoft:timespan"),
    },
  });
  assert.equal(
    { ...properties },
    {
      at: "2020-01-01T00:00:00.0000001Z",
      before: "1969-12-31T23:59:59.9999999Z",
      span: "PT90.5S",
      back: "-PT1S",
      uri: "https://shop.example",
      odd: "soon",
    },
  );
});

test("properties keep their texts when the event waits for a retry", async () => {
  const queue = await scratch();
  await send(queue, {
    body: 1,
    replyTo: "answers",
    applicationProperties: { long: typed("Long", bytes("7fffffffffffffff")), weight: 1.5 },
  });
  const first = await queue.takeOne();
  await queue.abandon(first, { delayMs: 1 });
  const second = await queue.takeOne();
  assert.equal({ ...second.event.properties }, { replyTo: "answers", long: "9223372036854775807", weight: 1.5 });
  assert.is(second.event.id, first.event.id);
});

test("fields of the broker that events do not have become properties", async () => {
  const plain = await received({
    body: 1,
    messageId: bytes("00112233445566778899aabbccddeeff"),
    replyTo: "answers",
    replyToSessionId: "s-2",
    to: "elsewhere",
    sessionId: "s-1",
    applicationProperties: { to: "a property of that name" },
  });
  assert.equal([plain.id, plain.partitionKey], ["00112233-4455-6677-8899-aabbccddeeff", "s-1"]);
  assert.equal({ ...plain.properties }, { replyTo: "answers", replyToSessionId: "s-2", to: "a property of that name" });
});

test("properties beside a foreign CloudEvent are kept", async () => {
  const attributes = { specversion: "1.0", id: "ce-1", source: "/shop", type: "Paid" };
  const beside = {
    messageId: "m-1",
    subject: "paid",
    sessionId: "s-1",
    correlationId: "c-1",
    replyTo: "answers",
    contentType: "application/json",
  };
  const prefixed = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`cloudEvents:${name}`, value]),
  );
  const binary = await received({
    ...beside,
    body: 1,
    applicationProperties: {
      ...prefixed,
      tenant: "acme",
      "cloudEvents:count": typed("Long", bytes("7fffffffffffffff")),
    },
  });
  const structured = await received({
    ...beside,
    body: Buffer.from(JSON.stringify({ ...attributes, data: 1 })),
    contentType: "application/cloudevents+json",
    applicationProperties: { tenant: "acme", source: "none of the sender's business" },
  });
  const expected = { messageId: "m-1", subject: "paid", replyTo: "answers", tenant: "acme", source: "/shop" };
  assert.equal({ ...binary.properties }, { ...expected, count: "9223372036854775807" });
  assert.equal({ ...structured.properties }, expected);
  for (const event of [binary, structured])
    assert.equal([event.id, event.partitionKey, event.correlationId], ["ce-1", "s-1", "c-1"]);
});

test("an empty or repeated value is no property", async () => {
  const prefixed = { "cloudEvents:specversion": "1.0", "cloudEvents:id": "ce-1", "cloudEvents:source": "/shop" };
  const binary = await received({
    body: 1,
    messageId: "ce-1",
    subject: "Paid",
    applicationProperties: { ...prefixed, "cloudEvents:type": "Paid", "cloudEvents:subject": null },
  });
  assert.equal([binary.id, { ...binary.properties }], ["ce-1", { source: "/shop" }]);
  const plain = await received({ body: 1, messageId: "", subject: "", correlationId: "", replyTo: "" });
  assert.equal([plain.eventType, plain.correlationId, { ...plain.properties }], [plain.queueName, undefined, {}]);
  assert.match(plain.id, /^Said.*-1$/);
});

test("an event of ours is received with its own properties alone", async () => {
  const queue = await scratch();
  await queue.push({ n: 1 }, { properties: { colour: "red" } });
  const { event } = await queue.takeOne();
  assert.equal([{ ...event.properties }, event.partitionKey], [{ colour: "red" }, undefined]);
});

test("a foreign dead letter has only the facts of its sender", async () => {
  const queue = await scratch();
  await send(queue, { body: 1, applicationProperties: { tenant: "acme" } });
  const lease = await queue.takeOne();
  const { queues }: Provider = provider;
  await queues.deadLetter(lease, letterFor(lease, { reason: "given up" }));
  const [letter] = await queue.deadLetters(1);
  assert.equal({ ...letter?.event.properties }, { tenant: "acme" });
});

test("a property with a time that no Date can hold fails no poll", async () => {
  const queue = await scratch();
  await send(queue, {
    body: 1,
    messageId: "odd",
    applicationProperties: { at: typed("Timestamp", bytes("7fffffffffffffff")) },
  });
  await queue.push(2);
  const leases = await queue.take(2);
  assert.equal(new Set(leases.map(({ event }) => event.body)), new Set(["1", "2"]));
});

test("a first delivery at a time that no Date can hold is none", async () => {
  const queue = await scratch();
  await send(queue, { body: 1, applicationProperties: { beehive_first_seen: 9e15 } });
  const lease = await queue.takeOne();
  assert.ok(!Number.isNaN(new Date(lease.firstSeen).getTime()), String(lease.firstSeen));
});

test("an unreadable message is a dead letter with the reason", async () => {
  const queue = await scratch();
  await send(queue, { body: 1, messageId: "broken" });
  const receiver = client.createReceiver(`queue-${queue.name}`);
  const [message] = await receiver.receiveMessages(1);
  assert.ok(message);
  message.body = tooDeep;
  assert.is(await provider.queues.adopt(message, QueueName.parse(String(queue.name)), 1_000), undefined);
  const [letter] = await queue.deadLetters(1);
  assert.equal([letter?.event.id, letter?.errorName], ["broken", "BodyUnreadable"]);
  assert.match(letter?.reason ?? "", /cannot be read as an event: too deep/);
  await receiver.close();
});

test("of a message that cannot be read the id is known", () => {
  const name = QueueName.parse("Orders-Pay");
  const broken = { body: tooDeep, sequenceNumber: 7 } as unknown as ServiceBusReceivedMessage;
  const unnamed = readEvent(broken, name);
  assert.equal(
    [unnamed.event.id, unnamed.event.eventType, unnamed.problem?.code],
    ["Orders-Pay-7", "Orders", "BodyUnreadable"],
  );
  assert.is(readEvent({ ...broken, messageId: "m" }, name).event.id, "m");
});

test("a message that its sender gave no id has one that stays", async () => {
  const name = QueueName.parse("Orders-Pay");
  const message = { body: Buffer.from("1"), sequenceNumber: 7 } as unknown as ServiceBusReceivedMessage;
  assert.is(readEvent(message, name).event.id, "Orders-Pay-7");
});

test("a body that is a value of AMQP is JSON with every digit", async () => {
  const value = { long: typed("Long", bytes("7fffffffffffffff")), at: new Date(0) };
  const event = await received({ bodyType: "value", body: value });
  assert.equal(event.getBody(), { long: "9223372036854775807", at: "1970-01-01T00:00:00.000Z" });
  const alone = await received({ bodyType: "value", body: typed("Ulong", bytes("ffffffffffffffff")) });
  assert.is(alone.body, '"18446744073709551615"');
});

test("a client that is given receives values with their types", async () => {
  const uuid: { readonly width: number; read?: (buffer: Buffer, offset: number) => unknown } = { width: 16 };
  const container = { types: { by_code: { 0x98: uuid }, Uuid: (value: Buffer) => ({ typed: value }) } };
  const given = { _connectionContext: { connection: { container } } } as unknown as ServiceBusClient;
  await AzureProvider.open({ ...servers.options, serviceBus: { client: given } });
  const value = uuid.read?.(Buffer.concat([Buffer.alloc(1), bytes("00112233445566778899aabbccddeeff")]), 1);
  assert.is(propertyFrom(value), "00112233-4455-6677-8899-aabbccddeeff");
  assert.equal((value as { toRheaTyped(): unknown }).toRheaTyped(), { typed: value });
});

test("a decimal is written with the digits that it has", () => {
  const cases: readonly (readonly [hex: string, text: string])[] = [
    ["32800001", "1"],
    ["b2800001", "-1"],
    ["32000001", "0.1"],
    ["33000001", "10"],
    ["6cb89680", "10000000"],
    ["78000000", "Infinity"],
    ["f8000000", "-Infinity"],
    ["7c000000", "NaN"],
    ["5f800001", "1E+90"],
    ["00000001", "1E-101"],
    ["31c0000000000001", "1"],
    ["3040000000000000000000000000007b", "123"],
    ["303e0000000000000000000000000000", "0.0"],
  ];
  for (const [hex, text] of cases) assert.is(decimalText(bytes(hex)), text, hex);
});

test.run();
