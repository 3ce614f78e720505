/** Records as other programs write them: compressed by the tools of Kafka, in Avro by the library of Java. */
import { join } from "node:path";
import * as assert from "uvu/assert";
import { avro } from "../../src/schemas/avro/index.ts";
import { confluentRegistry, schemaCodec } from "../../src/schemas/index.ts";
import { kafkaLog } from "../../integrations/kafka/log.ts";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive } from "../../src/hive/hive.ts";
import { numbersOf, upTo } from "../support/kafka-shop.ts";
import { hasCompiler, java } from "./broker.ts";
import { Cluster, kafkaSuite } from "./cluster.ts";

const test = kafkaSuite("records that other programs wrote");
const kafka = new Cluster();

test.before(() => kafka.start());
test.after(() => kafka.stop());

for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const)
  test(`batches that the tools of Kafka compress with ${compression} are read`, async () => {
    const topic = await kafka.newTopic();
    const lines = upTo(3_000).map((n) => JSON.stringify({ n, text: `line ${n} `.repeat(n % 20) }));
    // Large batches have several blocks of snappy and lz4.
    const settings = [`compression.type=${compression}`, "batch.size=300000", "linger.ms=500"];
    const args = ["--bootstrap-server", kafka.broker.address, "--topic", topic, "--compression-codec", compression];
    const properties = settings.flatMap((one) => ["--command-property", one]);
    await java(["org.apache.kafka.tools.ConsoleProducer", ...args, ...properties], lines.join("\n"));

    const segment = join(kafka.broker.logFolder, `${topic}-0`, `${"0".repeat(20)}.log`);
    const dump = await java(["org.apache.kafka.tools.DumpLogSegments", "--files", segment]);
    assert.match(dump, `compresscodec: ${compression}`);
    assert.not.match(dump, "compresscodec: none");

    await using shop = await kafka.shopOn(topic);
    assert.equal(numbersOf(await shop.sees(3_000)), upTo(3_000));
  });

const schema = JSON.stringify({
  type: "record",
  name: "OrderPlaced",
  fields: [
    { name: "orderId", type: "string" },
    { name: "total", type: "double" },
    { name: "placed", type: { type: "long", logicalType: "timestamp-millis" } },
    { name: "state", type: { type: "enum", name: "State", symbols: ["OPEN", "PAID"] } },
    { name: "note", type: ["null", "string"], default: null },
    {
      name: "lines",
      type: {
        type: "array",
        items: {
          type: "record",
          name: "Line",
          fields: [
            { name: "sku", type: "string" },
            { name: "quantity", type: "int" },
          ],
        },
      },
    },
    { name: "labels", type: { type: "map", values: "string" } },
  ],
});
const id = 7;

/** The codec of a hive whose registry has the one schema. */
function codec(): ReturnType<typeof schemaCodec> {
  const answers: Readonly<Record<string, unknown>> = {
    [`/schemas/ids/${id}`]: { schema },
    [`/schemas/ids/${id}/versions`]: [{ subject: "OrderPlaced-value", version: 1 }],
    "/subjects/OrderPlaced-value/versions": [1],
    "/subjects/OrderPlaced-value/versions/1": { id, version: 1, schema },
  };
  const registry = confluentRegistry("http://registry.test", {
    fetch: async (url) => Response.json(answers[new URL(url).pathname] ?? {}),
  });
  return schemaCodec({ registry, formats: [avro()] });
}

const order = {
  orderId: "1042",
  total: 19.5,
  placed: 1_772_323_200_000,
  state: "PAID",
  note: "grün",
  lines: [{ sku: "A-1", quantity: 2 }],
  labels: { tenant: "eu" },
};
/** A machine may have a Java that only runs programs. */
const withCompiler = (name: string, body: () => Promise<void>): void =>
  hasCompiler() ? test(name, body) : test.skip(name, body);
const program = join(import.meta.dirname, "Avro.java");

withCompiler("a record of Avro that Java wrote is read, by a source and a log", async () => {
  const topic = await kafka.newTopic();
  await java([program, "write", kafka.broker.address, topic, String(id), schema]);
  const contentType = "application/vnd.confluent.avro";
  await using shop = await kafka.shopOn(topic, { contentType, codec: codec() });
  const [event] = await shop.sees(1);
  assert.equal(event?.getBody(), order);
  assert.is(event?.partitionKey, "1042");
  const log = kafkaLog({ client: kafka.client(), topic, of: "OrderPlaced", contentType, codec: codec() });
  for await (const logged of log.read()) assert.equal(logged.event.getBody(), order);
});

withCompiler("a record of Avro that a sink wrote is read by Java", async () => {
  const topic = await kafka.newTopic();
  const sink = kafkaSink("OrderPlaced-Kafka", { client: kafka.client(), topic });
  await using hive = await createHive({ actors: [sink], logger: silentLogger, codec: codec() });
  await hive.start();
  await hive.push(new Event("OrderPlaced", order, { partitionKey: "1042" }));
  await hive.whenIdle();
  const printed = await java([program, "read", kafka.broker.address, topic, String(id), schema]);
  const { placed: _, ...read } = JSON.parse(printed) as Record<string, unknown>;
  const { placed: __, ...expected } = order;
  assert.equal(read, expected);
});

test.run();
