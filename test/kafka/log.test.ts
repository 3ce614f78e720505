/** The log of a topic beside an Apache Kafka broker. */
import * as assert from "uvu/assert";
import { kafkaLog, type KafkaLog, type KafkaLoggedEvent } from "../../integrations/kafka/log.ts";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive } from "../../src/hive/hive.ts";
import { failureOf } from "../support/failure.ts";
import { numbered, numbersOf, until, upTo } from "../support/kafka-shop.ts";
import { Cluster, kafkaSuite } from "./cluster.ts";

const test = kafkaSuite("the log of Apache Kafka");
const kafka = new Cluster();

test.before(() => kafka.start());
test.after(() => kafka.stop());

const logOf = (topic: string): KafkaLog => kafkaLog({ client: kafka.client(), topic, of: "OrderPlaced" });

async function all(reading: AsyncIterable<KafkaLoggedEvent>): Promise<KafkaLoggedEvent[]> {
  const found: KafkaLoggedEvent[] = [];
  for await (const one of reading) found.push(one);
  return found;
}

async function numbersIn(reading: AsyncIterable<KafkaLoggedEvent>): Promise<number[]> {
  return numbersOf((await all(reading)).map(({ event }) => event));
}

test("what a sink appended is read whole, each partition in order", async () => {
  const topic = await kafka.newTopic(3);
  const sink = kafkaSink("OrderPlaced-Kafka", { client: kafka.client(), topic });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  const events = upTo(200).map(
    (n) => new Event("OrderPlaced", { n }, { partitionKey: `k${n % 10}`, properties: { region: "north" } }),
  );
  await hive.push(events);
  await hive.whenIdle();
  const logged = await all(logOf(topic).read());
  const byId = new Map(logged.map(({ event }) => [event.id, event.toRecord()]));
  for (const event of events) assert.equal(byId.get(event.id), event.toRecord());
  for (const partition of [0, 1, 2]) {
    const offsets = logged.filter((one) => one.partition === partition).map(({ offset }) => offset);
    assert.equal(offsets, upTo(offsets.length));
  }
  assert.equal(
    await numbersIn(logOf(topic).read({ key: "k3" })),
    upTo(200).filter((n) => n % 10 === 3),
  );
});

test("a read begins and ends at offsets or times", async () => {
  const topic = await kafka.newTopic(2);
  const write = async (records: readonly (readonly [n: number, timestamp: number])[]): Promise<void> => {
    const producer = await kafka.client().producer({ acks: "all", compression: "none" });
    for (const [n, timestamp] of records)
      await producer.send([
        { topic, key: Buffer.from("k"), value: Buffer.from(JSON.stringify({ n })), timestamp, headers: {} },
      ]);
    await producer.close();
  };
  await write(upTo(6).map((n) => [n, 1_000_000 + n * 1_000]));
  const log = logOf(topic);
  const [partition = NaN] = [...(await log.range())].find(([, { next }]) => next > 0) ?? [];
  assert.equal(
    await numbersIn(log.read({ from: { offsets: { [partition]: 2 } }, to: { offsets: { [partition]: 4 } } })),
    [2, 3],
  );
  assert.equal(await numbersIn(log.read({ from: new Date(1_001_500), to: new Date(1_004_000) })), [2, 3]);
  assert.equal(await numbersIn(log.read({ from: new Date(9_000_000) })), []);
});

test("a read ends before an open transaction, and leaves out aborted ones", async () => {
  const topic = await kafka.newTopic();
  const committed = await kafka.writeInTransactions(topic, [true, false, true]);
  await using writer = await kafka.transactional();
  const transaction = await writer.begin(topic, [100]);
  assert.equal(await numbersIn(logOf(topic).read()), committed);
  const ending = new AbortController();
  const seen: Event[] = [];
  const following = (async () => {
    for await (const { event } of logOf(topic).follow({ from: "beginning", signal: ending.signal })) seen.push(event);
  })();
  await until(() => seen.length === committed.length);
  await transaction.commit();
  await until(() => seen.length > committed.length);
  ending.abort();
  await following;
  assert.equal(numbersOf(seen), [...committed, 100]);
  assert.equal(await numbersIn(logOf(topic).read()), [...committed, 100]);
});

test("what retention removed is passed over", async () => {
  const topic = await kafka.newTopic();
  await kafka.write(topic, numbered(10));
  const reading = logOf(topic).read({ from: { offsets: { 0: 2 } } });
  await kafka.admin((admin) =>
    admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }] }),
  );
  assert.equal(await numbersIn(reading), [6, 7, 8, 9]);
  assert.equal(await numbersIn(logOf(topic).read()), [6, 7, 8, 9]);
  assert.equal([...(await logOf(topic).range()).values()], [{ first: 6, next: 10 }]);
});

test("a compacted topic keeps the newest event of each key", async () => {
  const topic = await kafka.newTopic(1, {
    "cleanup.policy": "compact",
    "segment.ms": "50",
    "min.cleanable.dirty.ratio": "0.01",
  });
  await kafka.write(
    topic,
    upTo(20).map((n) => ({ key: `k${n % 2}`, value: JSON.stringify({ n }) })),
  );
  let n = 20;
  await until(async () => {
    // The newest segment is not compacted: another record closes it.
    await kafka.write(topic, [{ key: "k2", value: JSON.stringify({ n: n++ }) }]);
    return (await numbersIn(logOf(topic).read({ key: "k0" }))).length === 1;
  });
  assert.equal(await numbersIn(logOf(topic).read({ key: "k0" })), [18]);
  assert.equal(await numbersIn(logOf(topic).read({ key: "k1" })), [19]);
});

test("follow goes on through a crash of the broker", async () => {
  const topic = await kafka.newTopic(2);
  await kafka.write(topic, numbered(50));
  const ending = new AbortController();
  const seen: Event[] = [];
  const following = (async () => {
    for await (const { event } of logOf(topic).follow({ from: "beginning", signal: ending.signal })) seen.push(event);
  })();
  await until(() => seen.length === 50);
  await kafka.broker.crash();
  await kafka.broker.start();
  await kafka.write(topic, numbered(50, 50));
  await until(() => seen.length >= 100);
  ending.abort();
  await following;
  assert.equal(numbersOf(seen), upTo(100));
});

test("a topic that does not exist is QueueNotFound", async () => {
  assert.is((await failureOf(all(logOf("no-such-topic").read()))).code, "QueueNotFound");
});

test.run();
