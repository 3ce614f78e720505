import { SNSClient } from "@aws-sdk/client-sns";
import { PurgeQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { deadLetterBody } from "../../../providers/aws/queues/dead-letter-message.ts";
import { DeadLetters } from "../../../providers/aws/queues/dead-letters.ts";
import { Load } from "../../../providers/aws/queues/load.ts";
import { Outbox } from "../../../providers/aws/queues/outbox.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { QueueName, type DeadLetter } from "../../../src/index.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { awsScene, eventTo, spec, take, type AwsScene } from "../../support/aws-hive.ts";
import type { AwsServers, Interference } from "../../support/aws-servers.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: dead letters", { timeoutMs: 30_000 });
let scene: AwsScene;
test.before(async () => {
  scene = await awsScene();
  await scene.provider.queues.ensure([
    spec("Many"),
    spec("Twice"),
    spec("Moved"),
    spec("Long"),
    spec("Gone"),
    spec("Odd"),
    spec("Line", { ordered: true }),
  ]);
});
test.after(() => scene.close());

async function listed(name: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of scene.provider.queues.deadLetters(QueueName.parse(name))) letters.push(letter);
  return letters;
}

function refusing(action: string): Interference {
  const body = JSON.stringify({ __type: "com.amazonaws#AccessDenied", message: "no" });
  return (request) => (request.action === action ? { status: 400, body } : undefined);
}

async function bury(name: string, count: number): Promise<void> {
  for (const lease of await take(scene.provider, name, count))
    await scene.provider.queues.deadLetter(lease, letterFor(lease));
}

test("requeueing many dead letters receives each about once", async () => {
  const { queues } = scene.provider;
  await queues.push(Array.from({ length: 40 }, (_, n) => eventTo("Many", n)));
  await bury("Many", 40);
  const ids = (await listed("Many")).map(({ event }) => event.id);
  scene.sent.clear();
  for (const id of ids) await queues.requeue(QueueName.parse("Many"), id);
  assert.ok(
    (scene.sent.get("ReceiveMessageCommand") ?? 0) <= 10,
    `${scene.sent.get("ReceiveMessageCommand")} receives`,
  );
  assert.is((await take(scene.provider, "Many", 40)).length, 40);
});

test("a dead letter that was sent twice is listed and dropped as one", async () => {
  const { queues } = scene.provider;
  await queues.push([eventTo("Twice", 1)]);
  const [lease] = await take(scene.provider, "Twice", 1);
  if (!lease) throw new Error("nothing came");
  scene.servers.interfere = refusing("sqs:DeleteMessageBatch");
  await queues.deadLetter(lease, letterFor(lease)).catch(() => {});
  scene.servers.interfere = () => undefined;
  await queues.deadLetter(lease, letterFor(lease));
  assert.is((await listed("Twice")).length, 1);
  await queues.drop(QueueName.parse("Twice"), lease.event.id);
  assert.is((await listed("Twice")).length, 0);
  // A copy that is only invisible would come back.
  assert.is((await queues.counts(QueueName.parse("Twice"))).dead, 0);
});

test("a message that SQS moved is listed with the reason", async () => {
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Moved"));
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await sqs.send(new SendMessageCommand({ QueueUrl: `${url}--dead`, MessageBody: '{"n":1}' }));
  sqs.destroy();
  const [letter] = await listed("Moved");
  assert.equal(letter?.event.getBody(), { n: 1 });
  assert.match(letter?.reason ?? "", /moved by SQS/);
});

test("foreign messages among dead letters are listed and can be dropped", async () => {
  const name = QueueName.parse("Odd");
  const { queues } = scene.provider;
  const { url } = await queues.addressOf(name);
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  const record = { reason: "r", errorName: "E", errorMessage: "m", actor: "A", subscription: "Odd", attempts: 1 };
  const dated = { ...record, firstSeen: new Date(0).toISOString(), lastSeen: new Date(0).toISOString() };
  const bodies = [
    '{"beehiveDeadLetter":{},"event":1}',
    JSON.stringify({ beehiveDeadLetter: { ...dated, lastSeen: "some day" }, event: 1 }),
    JSON.stringify({ beehiveDeadLetter: dated }),
    `${JSON.stringify({ beehiveDeadLetter: dated }).slice(0, -1)},"event":${deep}}`,
  ];
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl: `${url}--dead`, MessageBody }));
  sqs.destroy();
  const letters = await listed("Odd");
  assert.is(letters.length, bodies.length);
  for (const { event, firstSeen, lastSeen } of letters) {
    assert.ok(event.body.length > 0 && firstSeen.getTime() >= 0 && lastSeen.getTime() >= 0);
    await queues.drop(name, event.id);
  }
  assert.is((await listed("Odd")).length, 0);
});

test("dead letters of one key in a FIFO queue are listed and requeued", async () => {
  const { queues } = scene.provider;
  await queues.push(["a", "b", "c"].map((body) => eventTo("Line", body, { partitionKey: "k" })));
  for (let n = 0; n < 3; n++) await bury("Line", 1);
  const letters = await listed("Line");
  assert.equal(
    letters.map(({ event }) => event.getBody()),
    ["a", "b", "c"],
  );
  await queues.requeue(QueueName.parse("Line"), letters[1]?.event.id ?? "");
  const [lease] = await take(scene.provider, "Line", 1);
  assert.equal([lease?.event.getBody(), lease?.attempt], ["b", 1]);
});

/** Makes `count` dead letters of "Long", each leased for two seconds by its reader. */
async function withLong(
  count: number,
  work: (letters: DeadLetters, ids: readonly string[]) => Promise<void>,
  heldSeconds = 2,
): Promise<void> {
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const name = QueueName.parse("Long");
  const { url } = await scene.provider.queues.addressOf(name);
  const queue = { name: "test-Long--dead", url: `${url}--dead`, fifo: false };
  const clock = systemClock;
  const outbox = new Outbox({ sqs, sns: new SNSClient() }, clock, new Load(0));
  const ids = Array.from({ length: count }, (_, n) => `e${n}`);
  const lease = { queueName: name, attempt: 1, firstSeen: 0, expiresAt: 0 };
  await Promise.all(
    ids.map((id) =>
      outbox.send(queue, {
        body: deadLetterBody(letterFor({ ...lease, event: eventTo("Long", 1, { id }) }), `letter-of-${id}`),
      }),
    ),
  );
  const parts = { sqs, outbox, clock, requestTimeoutMs: 10_000, unpack: async (body: string) => body, heldSeconds };
  await work(new DeadLetters(parts, queue, name), ids);
  await sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
  sqs.destroy();
}

/** Duration of a receive from a distant queue. */
const slowly: AwsServers["delay"] = ({ action }) => (action === "sqs:ReceiveMessage" ? sleep(300) : undefined);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a long list receives each dead letter once", async () => {
  await withLong(150, async (letters, ids) => {
    scene.servers.delay = slowly;
    scene.servers.counts.clear();
    const all: string[] = [];
    for await (const { event } of letters.list()) all.push(event.id);
    scene.servers.delay = () => undefined;
    assert.equal(all.sort(), [...ids].sort());
    assert.is(scene.servers.counts.get("sqs:ReceiveMessage"), 16);
  });
});

test("a list ends even when leases cannot be renewed", async () => {
  await withLong(100, async (letters) => {
    scene.servers.delay = slowly;
    scene.servers.interfere = refusing("sqs:ChangeMessageVisibilityBatch");
    for await (const { event } of letters.list()) assert.ok(event.id);
    scene.servers.delay = () => undefined;
    scene.servers.interfere = () => undefined;
  });
});

test("a dead letter is found at any time after it was listed", async () => {
  await withLong(5, async (letters) => {
    for (const idleMs of [1_200, 2_000, 2_500]) {
      await sleep(idleMs);
      assert.is((await letters.find("e3")).letter.event.id, "e3", `after ${idleMs} ms`);
    }
    assert.is((await failureOf(letters.find("nobody"))).code, "NotFound");
  });
});

test("a search waits for a dead letter whose lease could not be renewed", async () => {
  await withLong(
    1,
    async (letters) => {
      await letters.find("e0");
      scene.servers.interfere = refusing("sqs:ChangeMessageVisibilityBatch");
      await sleep(2_100);
      assert.is((await letters.find("e0")).letter.event.id, "e0");
      scene.servers.interfere = () => undefined;
    },
    4,
  );
});

test("dead letters stay findable while others are settled one by one", async () => {
  await withLong(60, async (letters, ids) => {
    const shuffled = ids.map((_, n) => ids[(n * 37) % ids.length] ?? "");
    for (const id of shuffled) {
      const { letter } = await letters.find(id);
      await sleep(80);
      await letters.delete(letter);
    }
    assert.is((await failureOf(letters.find("e0"))).code, "NotFound");
  });
});

test("a dead letter without its claim can be dropped but not requeued", async () => {
  const claiming = scene.another({ bucket: "data", claimCheck: true });
  await claiming.setup();
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Gone"));
  const MessageBody = '{"beehiveClaim":"claims/nowhere"}';
  await sqs.send(new SendMessageCommand({ QueueUrl: `${url}--dead`, MessageBody }));
  sqs.destroy();
  await scene.provider.queues.push([eventTo("Gone", "there")]);
  await bury("Gone", 1);
  const name = QueueName.parse("Gone");
  const letters: DeadLetter[] = [];
  for await (const letter of claiming.queues.deadLetters(name)) letters.push(letter);
  assert.is(letters.length, 2);
  const bad = letters.find(({ reason }) => reason.startsWith("it could not be read"));
  assert.match(bad?.reason ?? "", /s3:GetObject on data\/claims\/nowhere/);
  const id = bad?.event.id ?? "";
  assert.match((await failureOf(claiming.queues.requeue(name, id))).message, /claims\/nowhere/);
  await claiming.queues.drop(name, id);
  assert.is((await claiming.queues.counts(name)).dead, 1);
});

test.run();
