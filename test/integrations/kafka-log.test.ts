import * as assert from "uvu/assert";
import { kafkaLog, type KafkaLog, type KafkaLoggedEvent } from "../../integrations/kafka/log.ts";
import { memoryKafka } from "../../integrations/kafka/memory.ts";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive } from "../../src/hive/hive.ts";
import { compressed } from "../../src/schemas/compressed.ts";
import { failureOf } from "../support/failure.ts";
import { numbered, numbersOf, openShop, until, upTo } from "../support/kafka-shop.ts";
import { suite } from "../support/suite.ts";

const test = suite("the log of Kafka");

async function all(reading: AsyncIterable<KafkaLoggedEvent>): Promise<KafkaLoggedEvent[]> {
  const found: KafkaLoggedEvent[] = [];
  for await (const one of reading) found.push(one);
  return found;
}

async function numbersIn(reading: AsyncIterable<KafkaLoggedEvent>): Promise<number[]> {
  return numbersOf((await all(reading)).map(({ event }) => event));
}

const logOf = (client = memoryKafka(), of = "OrderPlaced-"): KafkaLog => kafkaLog({ client, topic: "orders", of });

test("an event that a sink appended is read whole", async () => {
  const client = memoryKafka();
  const sink = kafkaSink("OrderPlaced-Kafka", { client, topic: "orders" });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  const event = new Event(
    "OrderPlaced",
    { text: "grün" },
    { id: "e-1", partitionKey: "1042", correlationId: "c", url: "u", properties: { region: "north" } },
  );
  await hive.push(event);
  await hive.whenIdle();
  const [logged] = await all(logOf(client).read());
  assert.is(logged?.offset, 0);
  assert.equal(logged?.published, event.timestamp);
  assert.equal(logged?.event.toRecord(), event.toRecord());
});

test("an event that was appended twice has one id", async () => {
  const client = memoryKafka();
  const headers = { ce_specversion: "1.0", ce_id: "e-1", ce_source: "urn:beehive", ce_type: "OrderPlaced" };
  client.write("orders", [
    { value: "{}", headers },
    { value: "{}", headers },
  ]);
  client.write("orders", [{ value: "{}" }]);
  const ids = (await all(logOf(client).read())).map(({ event }) => event.id);
  assert.equal(ids, ["e-1", "e-1", "orders:0:2"]);
});

test("bodies are decoded by the codec that encoded them", async () => {
  const client = memoryKafka();
  const codec = compressed();
  const sink = kafkaSink("OrderPlaced-Kafka", { client, topic: "orders" });
  await using hive = await createHive({ actors: [sink], logger: silentLogger, codec });
  await hive.start();
  await hive.push(new Event("OrderPlaced", { n: 7, note: "long ".repeat(1_000) }));
  await hive.whenIdle();
  assert.not(Buffer.from(client.records("orders")[0]?.[0]?.value ?? []).includes("note"));
  assert.equal(await numbersIn(kafkaLog({ client, topic: "orders", of: "OrderPlaced-", codec }).read()), [7]);
});

test("a read takes a part, by offsets, times and key", async () => {
  const client = memoryKafka({ partitions: 2 });
  for (const n of upTo(6))
    client.write("orders", [
      { partition: n % 2, key: `k${n % 3}`, value: JSON.stringify({ n }), timestamp: 1_000 * (n + 1) },
    ]);
  const log = logOf(client);
  assert.equal(await numbersIn(log.read({ from: { offsets: { 0: 2 } } })), [1, 3, 4, 5]);
  assert.equal(await numbersIn(log.read({ to: { offsets: { 0: 1 } } })), [0, 1, 3, 5]);
  assert.equal(await numbersIn(log.read({ from: new Date(2_000), to: new Date(5_000) })), [1, 2, 3]);
  assert.equal(await numbersIn(log.read({ key: "k1" })), [1, 4]);
  assert.equal(await numbersIn(log.read({ from: "end" })), []);
  assert.equal(
    [...(await log.range()).values()],
    [
      { first: 0, next: 3 },
      { first: 0, next: 3 },
    ],
  );
});

test("a read ends where the topic ended when it began", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(3));
  let n = 3;
  const seen: Event[] = [];
  for await (const { event } of logOf(client).read()) {
    seen.push(event);
    client.write("orders", numbered(1, n++));
  }
  assert.equal(numbersOf(seen), upTo(3));
});

test("follow yields what comes, from its place on, until its signal", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(2));
  const ending = new AbortController();
  const seen: Event[] = [];
  const following = (async () => {
    const from = { offsets: { 0: 1 } };
    for await (const { event } of logOf(client).follow({ from, signal: ending.signal })) seen.push(event);
  })();
  await until(() => seen.length === 1);
  client.write("orders", numbered(2, 2));
  await until(() => seen.length === 3);
  ending.abort();
  await following;
  assert.equal(numbersOf(seen), [1, 2, 3]);
});

test("follow without a place begins at the end", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(2));
  const following = logOf(client).follow();
  const [first] = await Promise.all([
    following.next(),
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => client.write("orders", numbered(1, 2))),
  ]);
  assert.equal(first.value?.event.getBody(), { n: 2 });
  await following.return();
});

test("a reader goes on where it was after Kafka could not be reached", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(2));
  const ending = new AbortController();
  const seen: Event[] = [];
  const following = (async () => {
    for await (const { event } of logOf(client).follow({ from: "beginning", signal: ending.signal })) seen.push(event);
  })();
  await until(() => seen.length === 2);
  client.failure = new BeeHiveError("Unavailable", "down");
  client.write("orders", numbered(2, 2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.failure = undefined;
  await until(() => seen.length === 4);
  ending.abort();
  await following;
  assert.equal(numbersOf(seen), upTo(4));
});

test("a refusal ends a read at once", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(1));
  client.reader = () => Promise.reject(new BeeHiveError("AccessDenied", "no right to read"));
  assert.is((await failureOf(all(logOf(client).read()))).code, "AccessDenied");
});

test("a record that is no event ends a read with its place", async () => {
  const client = memoryKafka();
  client.write("orders", [{ value: "{}" }, { value: "{}", timestamp: 9e15 }, ...numbered(1)]);
  const error = await failureOf(all(logOf(client).read()));
  assert.is(error.code, "InvalidEvent");
  assert.match(error.message, "the record at offset 1 of partition 0 of orders is no event");
  assert.equal(await numbersIn(logOf(client).read({ from: { offsets: { 0: 2 } } })), [0]);
});

test("a source rewinds to an offset of the log", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(3));
  await using shop = await openShop({ client });
  await shop.sees(3);
  const [, second] = await all(logOf(client).read());
  await shop.source.seek(shop.hive, { to: { offsets: { 0: second?.offset ?? NaN } } });
  assert.equal(numbersOf((await shop.sees(5)).slice(3)), [1, 2]);
});

test("every promise that the log does not keep has its reason", () => {
  const { limits } = logOf();
  assert.equal(Object.keys(limits), ["order", "append", "rewind", "retention", "clear"]);
  for (const reason of Object.values(limits)) assert.match(reason, /^[A-Z].{20,}\.$/);
});

test("every wrong option and every wrong place is named", async () => {
  const error = await failureOf(async () =>
    kafkaLog({ client: {}, topic: "", of: "Order-Placed", colour: "red", codec: {} } as never),
  );
  for (const part of ["client must be", "topic must be a text", "of: ", '"colour" is not an option', "codec must be"])
    assert.match(error.message, part);
  for (const [from, problem] of [
    [new Date(NaN), 'a place is "beginning", "end", a date or { offsets }'],
    [7, 'a place is "beginning", "end", a date or { offsets }, not 7'],
    [{ offsets: { 0: -1 } }, "the offset of partition 0 must be"],
    [{ offsets: { 9: 1 } }, "there is no partition 9"],
  ] as const) {
    const wrong = await failureOf(all(logOf().read({ from: from as never })));
    assert.is(wrong.code, "InvalidConfiguration");
    assert.match(wrong.message, problem);
  }
});

test.run();
