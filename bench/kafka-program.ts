/** Runs one round of the bench `kafka`, and prints records a second. Arguments: ADDRESS MODE RECORDS FOLDER ROUND. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { actor, createHive, eventType, silentLogger, type ActorClass, type EventType } from "beehive-actors";
import { kafkaClient, kafkaSink, kafkaSource } from "beehive-actors/kafka";

const [brokers = "", mode = "", count = "0", folder = "", round = ""] = process.argv.slice(2);
const records = Number(count);
const client = kafkaClient({ brokers, session: "10s" });
const topic = "bench-in";

if (mode === "fill") await fill();
else process.stdout.write(String(await (mode === "bridge" ? bridge() : consumer())));

async function fill(): Promise<void> {
  // By a variable: the package is not among those of the project.
  const name = "@platformatic/kafka";
  const { Admin } = (await import(name)) as {
    Admin: new (options: object) => Record<string, (given?: object) => Promise<unknown>>;
  };
  const admin = new Admin({ clientId: "bench", bootstrapBrokers: [brokers] });
  const topics = [topic, ...Array.from({ length: 20 }, (_, n) => `bench-out-${n}`)];
  await admin["createTopics"]?.({ topics, partitions: 4, replicas: 1 });
  await admin["close"]?.();
  const producer = await client.producer({ acks: "all", compression: "none" });
  const value = Buffer.from(JSON.stringify({ text: "x".repeat(213) }));
  for (let from = 0; from < records; from += 1_000)
    await producer.send(
      Array.from({ length: Math.min(1_000, records - from) }, (_, n) => ({
        topic,
        key: Buffer.from(`k${from + n}`),
        value,
        timestamp: Date.now(),
        headers: {},
      })),
    );
  await producer.close();
}

async function bridge(): Promise<number> {
  const types = ["A", "B", "C", "D"].map((name) => eventType<{ text: string }>(name)) as [Type, Type, Type, Type];
  const hop = (from: Type, to: Type): ActorClass =>
    actor(`${from.name}-Hop`, from, { name: `${from.name}Hop`, publishes: [to], parallelism: 256 }, ({ body }) => [
      to.create(body),
    ]);
  const out = `bench-out-${round}`;
  const hive = await createHive({
    provider: `sqlite:${join(folder, `${round}.db`)}`,
    actors: [
      hop(types[0], types[1]),
      hop(types[1], types[2]),
      hop(types[2], types[3]),
      kafkaSink("D-Kafka", { client, topic: out, ordered: false, parallelism: 500 }),
    ],
    sources: [kafkaSource({ client, topic, group: `bridge-${round}`, to: types[0], from: "beginning" })],
    logger: silentLogger,
    journal: false,
  });
  const started = performance.now();
  await hive.start();
  for (;;) {
    const written = [...(await client.offsets(out, "end")).values()].reduce((sum, offset) => sum + offset, 0);
    if (written >= records) break;
    await sleep(20);
  }
  const took = performance.now() - started;
  await hive.stop();
  return records / (took / 1_000);
}

type Type = EventType<{ text: string }>;

async function consumer(): Promise<number> {
  const started = performance.now();
  const member = await client.consumer(topic, `consumer-${round}`);
  const next = new Map(member.partitions.map((partition) => [partition, 0]));
  for (let read = 0; read < records;) {
    for (const fetched of await member.fetch(next, 500)) {
      read += fetched.records.length;
      next.set(fetched.partition, fetched.next);
    }
    await member.commit(next);
  }
  const took = performance.now() - started;
  await member.close();
  return records / (took / 1_000);
}
