/** Kept topics on AWS, beyond the contract: rights, foreign producers, retries of replays, cost. */
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import * as assert from "uvu/assert";
import { leastPolicy } from "../../../providers/aws/hosting/policy.ts";
import type { AwsProvider } from "../../../providers/aws/index.ts";
import {
  actorDescription,
  createHive,
  Event,
  QueueName,
  silentLogger,
  type ActorClass,
  type ActorContext,
  type Hive,
  type KeepRule,
  type TopicLog,
} from "../../../src/index.ts";
import { awsScene, spec, take } from "../../support/aws-hive.ts";
import { enforcing } from "../../support/aws-policy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: log", { timeoutMs: 60_000 });
const options = { bucket: "data", logDelay: 50 };
const keep: KeepRule = { forMs: Infinity, maxBytes: Infinity, compact: false, evenUnread: false };
const topic = QueueName.topic("Sale");

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

function logOf({ queues }: AwsProvider): TopicLog {
  assert.ok(queues.log);
  return queues.log;
}

/** Archives the topic until it is disposed. */
function archiving(log: TopicLog): AsyncDisposable {
  const ending = new AbortController();
  const archived = log.archive?.([topic], ending.signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await archived;
    },
  };
}

test("without a bucket nothing can be kept, and the reason says so", async () => {
  const scene = await awsScene();
  const hive = await createHive({ actors: [], publishes: ["Sale"], provider: scene.provider, keep: { Sale: "1d" } });
  try {
    await hive.setup();
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /keep of Sale-.*bucket=/);
  }
  await scene.close();
});

test("under its policy a hive keeps a topic, and starts in the past", async () => {
  const scene = await awsScene(options);
  const seen: string[] = [];
  const actor = (name: string, from?: "beginning"): ActorClass => {
    class Seller {
      processAsync(event: Event, { replayed }: ActorContext): void {
        seen.push(`${name} ${event.getBody<number>()}${replayed ? " again" : ""}`);
      }
    }
    actorDescription(`Sale-${name}`, { from })(Seller);
    return Seller;
  };
  const outside = await createHive({ actors: [], publishes: ["Sale"], provider: scene.another() });
  const hives: Hive[] = [];
  const denied = new Set<string>();
  const start = async (actors: ActorClass): Promise<void> => {
    const given = { actors, provider: scene.another(), keep: { Sale: "1d" }, logger: silentLogger } as const;
    const { descriptors } = await createHive({ ...given, provider: "memory:" });
    const place = { account: "000000000000", region: "us-east-1", setup: true, keep: given.keep };
    scene.servers.interfere = enforcing(leastPolicy(descriptors, { prefix: "test", bucket: "data" }, place), denied);
    const hive = await createHive(given);
    hives.push(hive);
    await hive.start();
  };
  await start(actor("First"));
  const [first] = hives;
  assert.ok(first);
  // The pushing process has rights of its own.
  const { interfere } = scene.servers;
  scene.servers.interfere = () => undefined;
  await outside.push([new Event("Sale", 1), new Event("Sale", 2)]);
  scene.servers.interfere = interfere;
  await until(() => seen.length === 2);
  await until(async () => (await first.log("Sale").range()).next === 2);
  await start(actor("Second", "beginning"));
  await until(() => seen.length === 4);
  await first.queue("Sale-First").rewind({ to: "beginning", outputs: "drop" });
  await until(() => seen.length === 6);
  assert.equal(seen.toSorted(), ["First 1", "First 1 again", "First 2", "First 2 again", "Second 1", "Second 2"]);
  assert.equal([...denied], []);
  await Promise.all(hives.map((hive) => hive.stop()));
  await scene.close();
});

test("events of foreign producers are kept", async () => {
  const scene = await awsScene(options);
  await scene.provider.queues.ensure([{ ...spec("Sale-"), keep }]);
  const log = logOf(scene.provider);
  await using _ = archiving(log);
  const sns = new SNSClient({ endpoint: scene.servers.endpoint });
  await sns.send(
    new PublishCommand({
      TopicArn: "arn:aws:sns:us-east-1:000000000000:test-Sale",
      Message: '{"total":7}',
      MessageAttributes: { shop: { DataType: "String", StringValue: "Basel" } },
    }),
  );
  await until(async () => (await log.range(topic)).next === 1);
  const [kept] = await log.read(topic, { from: 0, limit: 1 });
  assert.equal(kept?.event.getBody(), { total: 7 });
  assert.is(kept?.event.properties["shop"], "Basel");
  sns.destroy();
  await scene.close();
});

for (const ordered of [false, true]) {
  const kind = ordered ? "an ordered" : "a";
  test(`${kind} subscription tells replays also on a retry`, async () => {
    const scene = await awsScene({ ...options, idempotent: true });
    const { queues } = scene.provider;
    await queues.ensure([{ ...spec("Sale-", { ordered }), keep }, spec("Sale-Totals", { ordered })]);
    const log = logOf(scene.provider);
    await using _ = archiving(log);
    await queues.push([new Event("Sale", 1, { queueName: "Sale-" })]);
    const [first] = await take(scene.provider, "Sale-Totals", 1);
    assert.ok(first);
    await queues.commit(first, []);
    await until(async () => (await log.range(topic)).next === 1);
    await log.rewind(QueueName.parse("Sale-Totals"), "beginning", "publish");
    // Uncounted, so that a standard queue gets a copy.
    for (const countAttempt of [true, false, true]) {
      const [lease] = await take(scene.provider, "Sale-Totals", 1);
      assert.equal(lease?.replayed, { position: 0, rewind: 1, outputs: "publish" });
      if (lease) await queues.abandon(lease, { delayMs: 0, countAttempt });
    }
    await scene.close();
  });
}

test("a cancelled event is not kept, and a kept one can be cancelled", async () => {
  const scene = await awsScene(options);
  const { queues } = scene.provider;
  await scene.provider.setup();
  await queues.ensure([{ ...spec("Sale-"), keep }, spec("Sale-Totals")]);
  const log = logOf(scene.provider);
  await using _ = archiving(log);
  const sale = (body: string, dueInMs: number): Event =>
    new Event("Sale", body, { queueName: "Sale-", cancelKey: body, enqueueTime: new Date(Date.now() + dueInMs) });
  await queues.push([sale("delayed", 3_000), sale("ready", 0)]);
  await until(async () => (await log.range(topic)).next === 1);
  assert.is(await queues.cancel({ key: "delayed" }), 1);
  assert.is(await queues.cancel({ key: "ready" }), 1, "no subscription has it yet");
  await queues.push([sale("later", 4_000)]);
  const [lease] = await take(scene.provider, "Sale-Totals", 1);
  assert.is(lease?.event.getBody(), "later");
  await until(async () => (await log.range(topic)).next === 2);
  const kept = await log.read(topic, { from: 0, limit: 10 });
  assert.equal(
    kept.map(({ event }) => event.getBody()),
    ["ready", "later"],
  );
  await scene.close();
});

test("deleting a topic deletes what it kept", async () => {
  const scene = await awsScene(options);
  const { queues, stores } = scene.provider;
  await queues.ensure([{ ...spec("Sale-"), keep }]);
  const log = logOf(scene.provider);
  {
    await using _ = archiving(log);
    await queues.push([new Event("Sale", 1, { queueName: "Sale-" })]);
    await until(async () => (await log.range(topic)).next === 1);
  }
  await queues.delete(topic);
  const left = [];
  for await (const { key } of stores.keyValue("BeeHiveLog").list()) left.push(key);
  assert.equal(left, []);
  assert.equal(await log.topics(), []);
  await scene.close();
});

test("a kept event costs under half a request in a stream", async () => {
  const scene = await awsScene(options);
  const { queues } = scene.provider;
  await queues.ensure([{ ...spec("Sale-"), keep }]);
  const log = logOf(scene.provider);
  const events = 500;
  await queues.push(Array.from({ length: events }, (_, n) => new Event("Sale", n, { queueName: "Sale-" })));
  scene.servers.counts.clear();
  {
    await using _ = archiving(log);
    await until(async () => (await log.range(topic)).next === events);
  }
  const requests = [...scene.servers.counts].map(([, count]) => count).reduce((sum, count) => sum + count, 0);
  assert.ok(requests / events < 0.5, `${requests / events} requests: ${JSON.stringify([...scene.servers.counts])}`);
  await scene.close();
});

test.run();
