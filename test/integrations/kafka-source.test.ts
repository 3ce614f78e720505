import * as assert from "uvu/assert";
import type { KafkaClient, KafkaConsumer } from "../../integrations/kafka/client.ts";
import { memoryKafka } from "../../integrations/kafka/memory.ts";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import { kafkaSource } from "../../integrations/kafka/source.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Identified, TransactionWork } from "../../src/contract/stores.ts";
import { createHive } from "../../src/hive/hive.ts";
import { Event } from "../../src/events/event.ts";
import { MemoryProvider } from "../../providers/memory/index.ts";
import { avro } from "../../src/schemas/avro/index.ts";
import { encrypted, schemaCodec, schemaFolder, type SchemaVersion } from "../../src/schemas/index.ts";
import { failureOf } from "../support/failure.ts";
import { numbered, numbersOf, openShop, until, upTo } from "../support/kafka-shop.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("a source of Kafka");

/** A client whose members always have all partitions, as two owners have before they learn of a rebalance. */
function stubborn(client: KafkaClient, partitions: readonly number[]): KafkaClient {
  return {
    offsets: (topic, at) => client.offsets(topic, at),
    producer: (options) => client.producer(options),
    reader: (topic) => client.reader(topic),
    async consumer(topic, group): Promise<KafkaConsumer> {
      const member = await client.consumer(topic, group);
      return {
        partitions,
        fetch: (from, waitMs) => member.fetch(from, waitMs),
        committed: (some) => member.committed(some),
        commit: (next) => member.commit(next),
        close: () => member.close(),
      };
    },
  };
}

test("a record becomes an event with its key, headers and time", async () => {
  const client = memoryKafka();
  client.write("orders", [
    { key: "1042", value: '{"n":1}', headers: { tenant: "eu", "content-type": "application/json" }, timestamp: 1_000 },
  ]);
  await using shop = await openShop({ client });
  const [event] = await shop.sees(1);
  assert.is(event?.id, "orders:0:0");
  assert.is(event?.eventType, "OrderPlaced");
  assert.is(event?.partitionKey, "1042");
  assert.equal(event?.properties, { tenant: "eu" });
  assert.is(event?.timestamp.getTime(), 1_000);
  assert.equal(event?.getBody(), { n: 1 });
});

test("a tombstone becomes an event without a body", async () => {
  const client = memoryKafka();
  client.write("orders", [{ key: "1042" }]);
  await using shop = await openShop({ client });
  const [event] = await shop.sees(1);
  assert.is(event?.body, "");
  assert.is(event?.partitionKey, "1042");
});

test("bytes that are no text stay as they are", async () => {
  const client = memoryKafka();
  client.write("orders", [{ key: new Uint8Array([255, 0]), value: new Uint8Array([255, 1]) }]);
  await using shop = await openShop({ client });
  const [event] = await shop.sees(1);
  assert.is(event?.contentType, "application/octet-stream");
  assert.equal(event?.body, new Uint8Array([255, 1]));
  assert.is(event?.partitionKey, "/wA=");
});

test("a body that a codec wrote is read by the codec of the hive", async () => {
  const client = memoryKafka();
  const codec = encrypted(undefined, { key: "k", keys: { k: new Uint8Array(32) } });
  const sink = kafkaSink("OrderPlaced-Kafka", { client, topic: "orders" });
  await using writer = await createHive({ actors: [sink], logger: silentLogger, codec });
  await writer.start();
  await writer.push(new Event("OrderPlaced", { n: 7 }));
  await using shop = await openShop({ client, codec });
  assert.equal((await shop.sees(1))[0]?.getBody(), { n: 7 });
});

test("Avro in the frame of a registry is read by the codec of the hive", async () => {
  const client = memoryKafka();
  client.write("orders", [{ key: "a", value: new Uint8Array([0, 0, 0, 0, 7, 14]) }]);
  const schema: SchemaVersion = {
    subject: "OrderPlaced",
    version: 1,
    id: "7",
    format: "avro",
    schema: '{"type":"record","name":"OrderPlaced","fields":[{"name":"n","type":"int"}]}',
  };
  const registry = { ...schemaFolder("none"), framed: true, versions: async () => [schema], find: async () => schema };
  const contentType = "application/vnd.confluent.avro";
  await using shop = await openShop({ client, contentType, codec: schemaCodec({ registry, formats: [avro()] }) });
  assert.equal((await shop.sees(1))[0]?.getBody(), { n: 7 });
  await using plain = await openShop({ client, contentType, group: "without a codec" });
  assert.equal((await plain.sees(1))[0]?.getBody(), new Uint8Array([0, 0, 0, 0, 7, 14]));
});

test("a CloudEvent keeps its type and process, and gets an id of its place", async () => {
  const client = memoryKafka();
  const headers = {
    ce_specversion: "1.0",
    ce_id: "e-1",
    ce_source: "urn:beehive",
    ce_type: "OrderPlacedAgain",
    ce_correlationid: "p-1",
    ce_cancelkey: "mine",
    other: "x",
  };
  client.write("orders", [{ value: '{"n":1}', headers }]);
  await using shop = await openShop({ client });
  const [event] = await shop.sees(1);
  assert.is(event?.id, "orders:0:0");
  assert.is(event?.eventType, "OrderPlacedAgain");
  assert.is(event?.correlationId, "p-1");
  assert.is(event?.cancelKey, undefined);
  assert.equal(event?.properties, { other: "x", ce_id: "e-1" });
});

for (const [from, expected] of [
  ["beginning", [0, 1, 2, 3]],
  ["end", [3]],
  [new Date(1_001), [1, 2, 3]],
] as const)
  test(`a new group starts at ${from instanceof Date ? "a time" : `the ${from}`}`, async () => {
    const client = memoryKafka();
    client.write(
      "orders",
      upTo(3).map((n) => ({ value: JSON.stringify({ n }), timestamp: 1_000 + n })),
    );
    await using shop = await openShop({ client, from });
    await until(async () => (await shop.hive.hives())[0]?.sources[0]?.behind === 0);
    client.write("orders", [{ value: '{"n":3}', timestamp: 1_003 }]);
    assert.equal(numbersOf(await shop.sees(expected.length)), [...expected]);
  });

test("a group goes on where it was in Kafka before it had a place here", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(3));
  const before = await client.consumer("orders", "shop");
  await before.commit(new Map([[0, 2]]));
  await before.close();
  await using shop = await openShop({ client });
  assert.equal(numbersOf(await shop.sees(1)), [2]);
});

test("a group goes on at its stored place after a restart", async () => {
  using file = sqliteFile();
  const client = memoryKafka();
  client.write("orders", numbered(3));
  {
    await using shop = await openShop({ client, provider: `sqlite:${file.path}` });
    await shop.sees(3);
  }
  client.write("orders", numbered(2, 3));
  await using shop = await openShop({ client, provider: `sqlite:${file.path}` });
  assert.equal(numbersOf(await shop.sees(2)), [3, 4]);
  assert.equal([...client.committed("orders", "shop")], [[0, 5]].slice(0, client.committed("orders", "shop").size));
});

test("the offsets are committed to Kafka too", async () => {
  const client = memoryKafka({ partitions: 2 });
  client.write("orders", numbered(10));
  {
    await using shop = await openShop({ client });
    await shop.sees(10);
  }
  const ends = client.records("orders").map(({ length }) => length);
  const committed = client.committed("orders", "shop");
  assert.equal(
    ends.map((_, partition) => committed.get(partition)),
    ends,
  );
});

for (const at of ["memory", "sqlite"] as const)
  test(`two owners of one partition double and lose nothing on ${at}`, async () => {
    using file = sqliteFile();
    // Ids are forgotten at once: the place alone keeps out repeats.
    const deduplication = 1;
    const provider =
      at === "memory" ? new MemoryProvider({ deduplication }) : `sqlite:${file.path}?deduplication=${deduplication}`;
    const broker = memoryKafka({ partitions: 2 });
    const client = stubborn(broker, [0, 1]);
    const shops = await Promise.all([1, 2, 3].map(() => openShop({ client, provider, maxBatch: 7 })));
    for (let first = 0; first < 300; first += 50) {
      broker.write("orders", numbered(50, first));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => shops.reduce((sum, { seen }) => sum + seen.length, 0) >= 300);
    for (const { hive } of shops) await hive.stop();
    assert.equal(numbersOf(shops.flatMap(({ seen }) => seen)), upTo(300));
  });

test("a provider without transactions drops repeats by their ids", async () => {
  const provider = new MemoryProvider();
  Object.defineProperty(provider.stores, "transact", { value: undefined });
  const broker = memoryKafka();
  const client = stubborn(broker, [0]);
  const shops = await Promise.all([1, 2].map(() => openShop({ client, provider, maxBatch: 3 })));
  for (let first = 0; first < 60; first += 10) broker.write("orders", numbered(10, first));
  await until(() => shops.reduce((sum, { seen }) => sum + seen.length, 0) >= 60);
  for (const { hive } of shops) await hive.stop();
  assert.equal(numbersOf(shops.flatMap(({ seen }) => seen)), upTo(60));
});

test("a batch that cannot be published moves no place", async () => {
  const provider = new MemoryProvider();
  const { stores } = provider;
  const transact = stores.transact?.bind(stores);
  assert.ok(transact);
  let failures = 3;
  stores.transact = <T extends Identified, R>(name: string, work: TransactionWork<T, R>) =>
    transact<T, R>(name, async (items, publish) => {
      const result = await work(items, publish);
      if (failures-- > 0) throw new BeeHiveError("InvalidEvent", "refused");
      return result;
    });
  const client = memoryKafka();
  client.write("orders", numbered(8));
  await using shop = await openShop({ client, provider });
  assert.equal(numbersOf(await shop.sees(8)), upTo(8));
});

test("members of a group share the partitions, and take over", async () => {
  using file = sqliteFile();
  const client = memoryKafka({ partitions: 4 });
  const one = await openShop({ client, provider: `sqlite:${file.path}` });
  const other = await openShop({ client, provider: `sqlite:${file.path}` });
  client.write("orders", numbered(200));
  await until(() => one.seen.length + other.seen.length >= 200);
  await other.hive.stop();
  client.write("orders", numbered(200, 200));
  await until(() => one.seen.length + other.seen.length >= 400);
  await one.hive.stop();
  assert.equal(numbersOf([...one.seen, ...other.seen]), upTo(400));
});

test("an operator pauses and resumes a source in every process", async () => {
  const provider = new MemoryProvider();
  const client = memoryKafka();
  await using shop = await openShop({ client, provider });
  await shop.hive.source("orders").pause({ reason: "stocktaking", by: "ada" });
  assert.is((await shop.hive.source("orders").paused())?.by, "ada");
  client.write("orders", numbered(1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(shop.seen.length, 0);
  assert.is(await shop.hive.source("orders").resume({ by: "ada" }), true);
  await shop.sees(1);
  const error = await failureOf(shop.hive.source("order").pause({ reason: "x", by: "ada" }));
  assert.match(error.message, "There is no source order. Is it orders?");
});

test("the pause of all subscriptions holds sources too", async () => {
  const client = memoryKafka();
  await using shop = await openShop({ client });
  await shop.hive.operator.pauseAll({ reason: "restoring", by: "ada" });
  client.write("orders", numbered(1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is((await shop.hive.queue("OrderPlaced-Pack").counts()).ready, 0);
  await shop.hive.operator.resumeAll({ by: "ada" });
  await shop.sees(1);
});

test("a seek back publishes again, under other ids", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(3));
  await using shop = await openShop({ client });
  await shop.sees(3);
  await shop.source.seek(shop.hive, { to: { offsets: { 0: 1 } } });
  client.write("orders", numbered(1, 3));
  const ids = (await shop.sees(6)).map(({ id }) => id);
  assert.equal(ids.slice(3).toSorted(), ["orders:0:1:1", "orders:0:2:1", "orders:0:3:1"]);
});

test("a source says how far it is behind, and what holds it up", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(5));
  await using shop = await openShop({
    client,
    event: (event) => {
      if (event.getBody<{ n: number }>().n === 3) throw new TypeError("no such thing");
      return event;
    },
  });
  await shop.sees(3);
  await until(async () => (await shop.hive.hives())[0]?.sources[0]?.failing !== undefined);
  const [source] = (await shop.hive.hives())[0]?.sources ?? [];
  assert.equal(source, { name: "orders", behind: 2, failing: "TypeError" });
  assert.equal((await shop.hive.health()).detail.sources, [source]);
});

test("event() passes over a record, and changes the event of another", async () => {
  const client = memoryKafka();
  client.write("orders", numbered(3));
  await using shop = await openShop({
    client,
    event: (event) => {
      const { n } = event.getBody<{ n: number }>();
      return n === 1 ? undefined : new Event("Changed", { n: n + 10 });
    },
  });
  const events = await shop.sees(2);
  assert.equal(numbersOf(events), [10, 12]);
  assert.equal(events.map(({ id }) => id).toSorted(), ["orders:0:0", "orders:0:2"]);
});

test("a source fetches nothing while too many events are ready", async () => {
  const client = memoryKafka();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  client.write("orders", numbered(10));
  await using shop = await openShop({ client, maxReady: 1, maxBatch: 100, process: () => held });
  await until(async () => (await shop.hive.hives())[0]?.sources[0]?.behind === 0);
  await shop.hive.queue("OrderPlaced-Pack").set({ parallelism: 1, by: "ada" });
  client.write("orders", numbered(10, 10));
  await new Promise((resolve) => setTimeout(resolve, 30));
  release();
  assert.equal(numbersOf(await shop.sees(20)), upTo(20));
});

test("a source reads on after Kafka could not be reached", async () => {
  const client = memoryKafka();
  client.failure = new BeeHiveError("Unavailable", "no broker");
  const warnings: string[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (_: object, text: string) => void warnings.push(text) };
  await using shop = await openShop({ client, logger });
  await until(() => warnings.length > 0);
  client.failure = undefined;
  client.write("orders", numbered(2));
  assert.equal(numbersOf(await shop.sees(2)), [0, 1]);
  assert.equal(warnings, ["the topic cannot be read; the source tries again until it can"]);
});

test("a hive with a source creates the topic of its events", async () => {
  const source = kafkaSource({ client: memoryKafka(), topic: "orders", group: "g", to: "Placed-" });
  await using hive = await createHive({ sources: [source] });
  await hive.setup();
  assert.is(await hive.push(new Event("Placed", {})), 0);
});

test("every wrong option is named at once", async () => {
  const error = await failureOf(async () =>
    kafkaSource({ topic: "", group: "g", to: "Placed-X", from: "now", maxBatch: 0, colour: "red" } as never),
  );
  for (const part of ['"colour" is not an option', "client must be", "topic must be", "to: ", "from must", "maxBatch"])
    assert.match(error.message, part);
});

test("two sources of one name are refused", async () => {
  const source = kafkaSource({ client: memoryKafka(), topic: "orders", group: "g", to: "Placed-" });
  const error = await failureOf(createHive({ sources: [source, source] }));
  assert.match(error.message, 'two sources are called "orders"');
});

test.run();
