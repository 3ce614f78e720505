import * as assert from "uvu/assert";
import type { KafkaClient, ProducedRecord } from "../../integrations/kafka/client.ts";
import { memoryKafka } from "../../integrations/kafka/memory.ts";
import { kafkaSink, type KafkaSinkOptions } from "../../integrations/kafka/sink.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive, type Hive } from "../../src/hive/hive.ts";
import { failureOf } from "../support/failure.ts";
import { until } from "../support/kafka-shop.ts";
import { suite } from "../support/suite.ts";

const test = suite("a sink of Kafka");

async function opened(options: Partial<KafkaSinkOptions> & Pick<KafkaSinkOptions, "client">): Promise<Hive> {
  const sink = kafkaSink("OrderPaid-Kafka", { topic: "payments", ...options });
  const hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  return hive;
}

function headersOf(
  record: { readonly headers: readonly (readonly [string, Uint8Array | undefined])[] } | undefined,
): object {
  return Object.fromEntries(
    (record?.headers ?? []).map(([name, bytes]) => [name, Buffer.from(bytes ?? []).toString()]),
  );
}

test("an event becomes a record with the headers of its CloudEvent", async () => {
  const client = memoryKafka();
  await using hive = await opened({ client, headers: () => ({ tenant: "eu" }) });
  const time = new Date(5_000);
  await hive.push(
    new Event(
      "OrderPaid",
      { n: 1 },
      { id: "e-1", partitionKey: "1042", timestamp: time, properties: { region: "north" } },
    ),
  );
  await hive.whenIdle();
  const [record] = client.records("payments")[0] ?? [];
  assert.is(Buffer.from(record?.value ?? []).toString(), '{"n":1}');
  assert.is(Buffer.from(record?.key ?? []).toString(), "1042");
  assert.is(record?.timestamp, 5_000);
  assert.equal(headersOf(record), {
    "content-type": "application/json",
    ce_specversion: "1.0",
    ce_id: "e-1",
    ce_source: "urn:beehive",
    ce_type: "OrderPaid",
    ce_time: time.toISOString(),
    ce_partitionkey: "1042",
    ce_region: "north",
    tenant: "eu",
  });
});

test("an event without a body becomes a tombstone", async () => {
  const client = memoryKafka();
  await using hive = await opened({ client });
  await hive.push(new Event("OrderPaid", undefined, { partitionKey: "1042" }));
  await hive.whenIdle();
  assert.is(client.records("payments")[0]?.[0]?.value, undefined);
});

test("topic and key may depend on the event", async () => {
  const client = memoryKafka();
  await using hive = await opened({
    client,
    topic: (event) => `payments-${event.getBody<{ n: number }>().n}`,
    key: () => "all",
  });
  await hive.push([1, 2].map((n) => new Event("OrderPaid", { n })));
  await hive.whenIdle();
  for (const n of [1, 2]) assert.is(Buffer.from(client.records(`payments-${n}`)[0]?.[0]?.key ?? []).toString(), "all");
});

test("events of one key are written in order, and many in one request", async () => {
  const client = memoryKafka();
  const sizes: number[] = [];
  const counting: KafkaClient = {
    consumer: (topic, group) => client.consumer(topic, group),
    reader: (topic) => client.reader(topic),
    offsets: (topic, at) => client.offsets(topic, at),
    async producer() {
      const producer = await client.producer();
      return { ...producer, send: async (records) => (sizes.push(records.length), await producer.send(records)) };
    },
  };
  await using hive = await opened({ client: counting });
  await hive.push(Array.from({ length: 300 }, (_, n) => new Event("OrderPaid", { n }, { partitionKey: `k${n % 30}` })));
  await hive.whenIdle();
  const written = (client.records("payments")[0] ?? []).map(({ key, value }) => ({
    key: Buffer.from(key ?? []).toString(),
    n: (JSON.parse(Buffer.from(value ?? []).toString()) as { n: number }).n,
  }));
  assert.is(written.length, 300);
  for (let k = 0; k < 30; k++) {
    const own = written.filter(({ key }) => key === `k${k}`).map(({ n }) => n);
    assert.equal(
      own,
      own.toSorted((a, b) => a - b),
    );
  }
  assert.ok(Math.max(...sizes) > 5, `requests had ${sizes.join(", ")} records`);
});

test("a record that Kafka refuses is a dead letter, and holds up no other", async () => {
  const client = memoryKafka();
  const refusing: KafkaClient = {
    consumer: (topic, group) => client.consumer(topic, group),
    reader: (topic) => client.reader(topic),
    offsets: (topic, at) => client.offsets(topic, at),
    async producer() {
      const producer = await client.producer();
      const send = async (records: readonly ProducedRecord[]): Promise<void> => {
        if (records.some(({ value }) => Buffer.from(value ?? []).includes("13")))
          throw new BeeHiveError("TooLarge", "too large");
        await producer.send(records);
      };
      return { ...producer, send };
    },
  };
  await using hive = await opened({ client: refusing });
  await hive.push(Array.from({ length: 20 }, (_, n) => new Event("OrderPaid", { n }, { partitionKey: `${n}` })));
  await hive.whenIdle();
  assert.is(client.records("payments")[0]?.length, 19);
  assert.is((await hive.queue("OrderPaid-Kafka").counts()).dead, 1);
});

test("while Kafka cannot be reached the subscription pauses", async () => {
  const client = memoryKafka();
  client.failure = new BeeHiveError("Unavailable", "no broker");
  await using hive = await opened({ client });
  await hive.push(new Event("OrderPaid", { n: 1 }));
  await until(async () => (await hive.health()).detail.actors[0]?.paused !== undefined);
  assert.is((await hive.queue("OrderPaid-Kafka").counts()).dead, 0);
});

test("the producer is closed with the hive, and a new one is made", async () => {
  const client = memoryKafka();
  let open = 0;
  const counting: KafkaClient = {
    consumer: (topic, group) => client.consumer(topic, group),
    reader: (topic) => client.reader(topic),
    offsets: (topic, at) => client.offsets(topic, at),
    async producer() {
      const producer = await client.producer();
      open++;
      return { ...producer, close: async () => void open-- };
    },
  };
  const sink = kafkaSink("OrderPaid-Kafka", { client: counting, topic: "payments" });
  for (let times = 1; times <= 2; times++) {
    const hive = await createHive({ actors: [sink] });
    await hive.start();
    await hive.push(new Event("OrderPaid", { n: times }));
    await hive.whenIdle();
    assert.is(open, 1);
    await hive.stop();
    assert.is(open, 0);
  }
  assert.is(client.records("payments")[0]?.length, 2);
});

test("every wrong option is named at once", async () => {
  const error = await failureOf(async () =>
    kafkaSink("OrderPaid-Kafka", { topic: 7, key: "k", acks: 2, compression: "zip" } as never),
  );
  for (const part of ["client must be", "topic must be", "key must be a function", "acks must be", "compression must"])
    assert.match(error.message, part);
});

test.run();
