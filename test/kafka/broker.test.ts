/** The bridge beside an Apache Kafka broker. `npm run test:kafka` runs it, on a Node that the client supports. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { execPath } from "node:process";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import type { KafkaClient, KafkaConsumer } from "../../integrations/kafka/client.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive } from "../../src/hive/hive.ts";
import type { Report } from "../../samples/fashion/fashion.ts";
import { topics as catalogueTopics } from "../../samples/fashion/kafka.ts";
import { failureOf } from "../support/failure.ts";
import { numbered, numbersOf, until, upTo, type Shop } from "../support/kafka-shop.ts";
import { postgresSchema } from "../support/postgres-server.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { java } from "./broker.ts";
import { Cluster, kafkaSuite } from "./cluster.ts";

const test = kafkaSuite("the bridge beside Apache Kafka");
const kafka = new Cluster();

test.before(() => kafka.start());
test.after(() => kafka.stop());

test("records become events, and the group's offsets are in Kafka", async () => {
  const topic = await kafka.newTopic(3);
  await kafka.write(topic, numbered(500));
  const shop = await kafka.shopOn(topic);
  assert.equal(numbersOf(await shop.sees(500)), upTo(500));
  await shop.hive.stop();
  const tool = ["--bootstrap-server", kafka.broker.address, "--group", "shop", "--describe"];
  const printed = await java(["org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", ...tool]);
  const lags = printed
    .split("\n")
    .filter((line) => line.includes(topic))
    .map((line) => line.trim().split(/\s+/)[5]);
  assert.equal(lags, ["0", "0", "0"]);
});

for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const)
  test(`batches compressed with ${compression} are read`, async () => {
    const topic = await kafka.newTopic();
    await kafka.write(topic, numbered(200), compression);
    await using shop = await kafka.shopOn(topic);
    assert.equal(numbersOf(await shop.sees(200)), upTo(200));
  });

test("records of 1 MB are read, where the provider takes such bodies", async () => {
  const topic = await kafka.newTopic(1, { "max.message.bytes": "2000000" });
  const bodies = [1, 2, 3].map(() => JSON.stringify({ n: randomBytes(524_288).toString("hex") }));
  for (const value of bodies) await kafka.write(topic, [{ value }]);
  await using shop = await kafka.shopOn(topic, { provider: "memory:?maxEventBytes=2000000" });
  const seen = await shop.sees(3);
  assert.equal(
    seen.map(({ body }) => body),
    bodies,
  );
});

test("a sink writes records of 1.5 MB, where topic and provider take them", async () => {
  const topic = await kafka.newTopic(1, { "max.message.bytes": "2000000" });
  const sink = kafkaSink("OrderPaid-Kafka", { client: kafka.client(), topic });
  const provider = "memory:?maxEventBytes=2000000";
  await using hive = await createHive({ actors: [sink], logger: silentLogger, provider });
  await hive.start();
  const events = upTo(6).map((n) => new Event("OrderPaid", { n, text: "x".repeat(n % 2 === 0 ? 10 : 1_500_000) }));
  await hive.push(events);
  await hive.whenIdle();
  await using shop = await kafka.shopOn(topic, { provider });
  const seen = await shop.sees(6);
  assert.equal(new Set(seen.map(({ body }) => body)), new Set(events.map(({ body }) => body)));
});

test("aborted transactions are not read, committed ones are", async () => {
  const topic = await kafka.newTopic();
  const expected = await kafka.writeInTransactions(topic, [true, false, false, true]);
  await using shop = await kafka.shopOn(topic);
  await shop.sees(expected.length);
  await until(async () => (await shop.hive.hives())[0]?.sources[0]?.behind === 0);
  assert.equal(numbersOf(shop.seen), expected);
});

test("records of an open transaction are read once it commits", async () => {
  const topic = await kafka.newTopic();
  await using writer = await kafka.transactional();
  const transaction = await writer.begin(topic, [0, 1]);
  await kafka.write(topic, numbered(1, 2));
  await using shop = await kafka.shopOn(topic);
  await until(async () => (await shop.hive.hives())[0]?.sources[0]?.behind === 3);
  assert.equal(shop.seen, []);
  await transaction.commit();
  assert.equal(numbersOf(await shop.sees(3)), upTo(3));
});

test("a group starts at the beginning, the end or a time", async () => {
  const topic = await kafka.newTopic();
  await kafka.write(topic, numbered(2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const time = new Date();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await kafka.write(topic, numbered(2, 2));
  const starts = ["beginning", "end", time] as const;
  const shops = await Promise.all(starts.map((from, n) => kafka.shopOn(topic, { from, group: `start-${n}` })));
  for (const { hive } of shops) await until(async () => (await hive.hives())[0]?.sources[0]?.behind === 0);
  await kafka.write(topic, numbered(1, 4));
  assert.equal(numbersOf(await (shops[0] as Shop).sees(5)), upTo(5));
  assert.equal(numbersOf(await (shops[1] as Shop).sees(1)), [4]);
  assert.equal(numbersOf(await (shops[2] as Shop).sees(3)), [2, 3, 4]);
  await (shops[0] as Shop).source.seek((shops[0] as Shop).hive, { to: time });
  assert.equal(numbersOf((await (shops[0] as Shop).sees(8)).slice(5)), [2, 3, 4]);
  for (const { hive } of shops) await hive.stop();
});

/** Ids are forgotten at once: the place alone keeps out repeats. */
const forgetful = "deduplication=1ms";

test("rebalances lose and double nothing", async () => {
  using file = sqliteFile();
  const topic = await kafka.newTopic(6);
  const provider = `sqlite:${file.path}?${forgetful}`;
  const shops: Shop[] = [];
  const total = 3_000;
  const writing = (async () => {
    for (let first = 0; first < total; first += 100) {
      await kafka.write(topic, numbered(100, first));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  for (let n = 0; n < 3; n++) shops.push(await kafka.shopOn(topic, { provider, maxBatch: 40 }));
  await until(() => shops.reduce((sum, { seen }) => sum + seen.length, 0) > total / 3);
  await shops[0]?.hive.stop();
  shops.push(await kafka.shopOn(topic, { provider, maxBatch: 40 }));
  await writing;
  await until(() => shops.reduce((sum, { seen }) => sum + seen.length, 0) >= total);
  for (const { hive } of shops) await hive.stop();
  assert.equal(numbersOf(shops.flatMap(({ seen }) => seen)), upTo(total));
});

/** A client that never learns that its partitions went to others. */
function deaf(inner: KafkaClient): KafkaClient {
  return {
    offsets: (topic, at) => inner.offsets(topic, at),
    producer: (options) => inner.producer(options),
    reader: (topic) => inner.reader(topic),
    async consumer(topic, group): Promise<KafkaConsumer> {
      const member = await inner.consumer(topic, group);
      const { partitions } = member;
      return {
        partitions,
        fetch: (from, waitMs) => member.fetch(from, waitMs),
        committed: (some) => member.committed(some),
        commit: async () => {},
        close: () => member.close(),
      };
    },
  };
}

for (const at of ["sqlite", "postgres"] as const)
  test(`a zombie and the new owner double and lose nothing on ${at}`, async () => {
    using file = sqliteFile();
    const schema = at === "postgres" ? postgresSchema() : undefined;
    const provider = `${schema ? `${schema.url}&` : `sqlite:${file.path}?`}${forgetful}`;
    const topic = await kafka.newTopic(2);
    const zombie = await kafka.shopOn(topic, { provider, client: deaf(kafka.client()), maxBatch: 20 });
    await kafka.write(topic, numbered(300));
    await zombie.sees(1);
    const owner = await kafka.shopOn(topic, { provider, maxBatch: 20 });
    for (let first = 300; first < 1_500; first += 100) await kafka.write(topic, numbered(100, first));
    await until(() => zombie.seen.length + owner.seen.length >= 1_500);
    for (const { hive } of [zombie, owner]) await hive.stop();
    await schema?.drop();
    assert.equal(numbersOf([...zombie.seen, ...owner.seen]), upTo(1_500));
  });

test("a broker that dies in mid-batch loses and doubles nothing", async () => {
  using file = sqliteFile();
  const topic = await kafka.newTopic(2);
  const provider = `sqlite:${file.path}?${forgetful}`;
  await kafka.write(topic, numbered(1_000));
  await using shop = await kafka.shopOn(topic, { provider, maxBatch: 20 });
  await shop.sees(100);
  await kafka.broker.crash();
  await kafka.broker.start();
  await kafka.write(topic, numbered(500, 1_000));
  assert.equal(numbersOf(await shop.sees(1_500)), upTo(1_500));
});

test("a sink writes through a crash of the broker, in order of each key", async () => {
  const topic = await kafka.newTopic(3);
  const sink = kafkaSink("OrderPaid-Kafka", { client: kafka.client(), topic, compression: "lz4" });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  const push = (first: number): Promise<unknown> =>
    hive.push(
      upTo(200).map(
        (n) => new Event("OrderPaid", { n: first + n }, { partitionKey: `k${n % 20}`, id: `e${first + n}` }),
      ),
    );
  await push(0);
  await hive.whenIdle();
  await kafka.broker.crash();
  await push(200);
  await kafka.broker.start();
  await hive.whenIdle();
  await using shop = await kafka.shopOn(topic, { group: "reader" });
  await until(() => new Set(shop.seen.map(({ properties }) => properties["ce_id"])).size === 400);
  const once = new Map(shop.seen.map((event) => [event.properties["ce_id"], event]));
  assert.equal(numbersOf([...once.values()]), upTo(400));
  for (let k = 0; k < 20; k++) {
    const own = [...once.values()].filter(({ partitionKey }) => partitionKey === `k${k}`);
    const numbers = own.map((event) => event.getBody<{ n: number }>().n);
    assert.equal(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
});

test("a record that the broker refuses is a dead letter", async () => {
  const topic = await kafka.newTopic(1, { "max.message.bytes": "20000" });
  const sink = kafkaSink("OrderPaid-Kafka", { client: kafka.client(), topic });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  await hive.push([
    new Event("OrderPaid", { n: 0 }),
    new Event("OrderPaid", { n: randomBytes(30_000).toString("hex") }),
    new Event("OrderPaid", { n: 1 }),
  ]);
  await hive.whenIdle();
  const letters = [];
  for await (const letter of hive.queue("OrderPaid-Kafka").deadLetters()) letters.push(letter.errorMessage);
  assert.is(letters.length, 1);
  assert.match(letters[0] ?? "", "larger than the max message size");
});

for (const acks of [1, 0] as const)
  test(`a sink writes with acks ${acks}`, async () => {
    const topic = await kafka.newTopic();
    const sink = kafkaSink("OrderPaid-Kafka", { client: kafka.client(), topic, acks });
    await using hive = await createHive({ actors: [sink], logger: silentLogger });
    await hive.start();
    await hive.push(upTo(20).map((n) => new Event("OrderPaid", { n })));
    await hive.whenIdle();
    await using shop = await kafka.shopOn(topic, { group: "reader" });
    assert.equal(numbersOf(await shop.sees(20)), upTo(20));
  });

test("the console tools of Kafka read what a sink wrote", async () => {
  const topic = await kafka.newTopic();
  const sink = kafkaSink("OrderPaid-Kafka", { client: kafka.client(), topic });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  await hive.push(new Event("OrderPaid", { text: "grün" }, { id: "e-1", partitionKey: "1042" }));
  await hive.whenIdle();
  const show = ["print.key=true", "print.headers=true"].flatMap((property) => ["--formatter-property", property]);
  const args = [
    "--bootstrap-server",
    kafka.broker.address,
    "--topic",
    topic,
    "--from-beginning",
    "--max-messages",
    "1",
    ...show,
  ];
  const printed = await java(["org.apache.kafka.tools.consumer.ConsoleConsumer", ...args]);
  assert.match(printed, "ce_id:e-1");
  assert.match(printed, '1042\t{"text":"grün"}');
});

test("a source reads what the console tools of Kafka write", async () => {
  const topic = await kafka.newTopic();
  const read = ["parse.key=true", "key.separator=:"].flatMap((property) => ["--reader-property", property]);
  const args = ["--bootstrap-server", kafka.broker.address, "--topic", topic, ...read];
  await java(["org.apache.kafka.tools.ConsoleProducer", ...args], 'k1:{"n":0}\nk2:{"n":1}\n');
  await using shop = await kafka.shopOn(topic);
  const seen = await shop.sees(2);
  assert.equal(numbersOf(seen), [0, 1]);
  assert.equal(new Set(seen.map(({ partitionKey }) => partitionKey)), new Set(["k1", "k2"]));
});

test("a key goes to the partition that the client of Java chooses", async () => {
  const topic = await kafka.newTopic(7);
  const keys = upTo(40).map((n) => `key-${n}`);
  const read = ["parse.key=true", "key.separator=:"].flatMap((property) => ["--reader-property", property]);
  const args = ["--bootstrap-server", kafka.broker.address, "--topic", topic, ...read];
  await java(["org.apache.kafka.tools.ConsoleProducer", ...args], keys.map((key, n) => `${key}:{"n":${n}}\n`).join(""));
  await kafka.write(
    topic,
    keys.map((key, n) => ({ key, value: JSON.stringify({ n }) })),
  );
  await using shop = await kafka.shopOn(topic);
  const partitions = new Map<string, Set<string>>();
  for (const { partitionKey = "", id } of await shop.sees(80))
    partitions.set(partitionKey, (partitions.get(partitionKey) ?? new Set()).add(id.split(":")[1] ?? ""));
  assert.equal(
    [...partitions.values()].filter(({ size }) => size > 1),
    [],
  );
});

test("a topic that lost its records goes on at the first that is left", async () => {
  using file = sqliteFile();
  const provider = `sqlite:${file.path}`;
  const topic = await kafka.newTopic();
  await kafka.write(topic, numbered(10));
  {
    await using shop = await kafka.shopOn(topic, { provider });
    await shop.sees(10);
  }
  await kafka.admin((admin) => admin.deleteTopics({ topics: [topic] }));
  await kafka.newTopic(1, {}, topic);
  await kafka.write(topic, numbered(3));
  await using shop = await kafka.shopOn(topic, { provider });
  assert.equal(numbersOf(await shop.sees(3)), upTo(3));
});

/** Runs `npm run sample -- fashion` with its topics in Kafka. */
function runCatalogue(): Promise<{ readonly stdout: string }> {
  const here = ["--import", "tsx", "--import", join(import.meta.dirname, "resolve.mjs"), "-C", "beehive-source"];
  const options = ["--kafka", kafka.broker.address, "--products", "40", "--seed", "3", "--json"];
  return promisify(execFile)(execPath, [...here, "samples/fashion/main.ts", ...options], {
    cwd: join(import.meta.dirname, "../.."),
  });
}

test("the catalogue without its topics ends, and names one of them", async () => {
  const error = await failureOf(runCatalogue());
  const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: string };
  assert.is(code, 2);
  const [, named = ""] = /Unknown topic (\S+)\. Create the topic/.exec(stderr ?? "") ?? [];
  assert.ok(
    catalogueTopics.some((topic) => topic === named),
    stderr,
  );
});

test("the catalogue of samples/fashion runs with --kafka", async () => {
  for (const topic of catalogueTopics) await kafka.newTopic(2, {}, topic);
  const { stdout } = await runCatalogue();
  const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Report;
  assert.ok(report.products > 0);
  assert.is(report.indexed, report.products);
  assert.ok(report.rebuiltEqual);
  await using shop = await kafka.shopOn("fashion-ProductEnriched", { group: "reader" });
  const newest = new Map<string, boolean>();
  await until(() => {
    for (const { partitionKey = "", body } of shop.seen) newest.set(partitionKey, body.length > 0);
    return [...newest.values()].filter(Boolean).length === report.products;
  });
});

test.run();
