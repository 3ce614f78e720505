import * as assert from "uvu/assert";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { letterFor } from "../../src/testing/contracts/scratch-queue.ts";
import { QueueName, type DeadLetter } from "../../src/index.ts";
import { awsScene, eventTo, spec, take, type AwsScene } from "../support/aws-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("aws: dead letters", { timeoutMs: 30_000 });
let scene: AwsScene;
test.before(async () => {
  scene = await awsScene();
  await scene.provider.queues.ensure([spec("Many"), spec("Twice"), spec("Moved"), spec("Line", { ordered: true })]);
});
test.after(() => scene.close());

async function listed(name: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of scene.provider.queues.deadLetters(QueueName.parse(name))) letters.push(letter);
  return letters;
}

async function bury(name: string, count: number): Promise<void> {
  for (const lease of await take(scene.provider, name, count))
    await scene.provider.queues.deadLetter(lease, letterFor(lease));
}

test("given many dead letters, when all are requeued one by one, then each is received about once, not all for each", async () => {
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

test("given a letter that was sent twice, when it is listed and dropped, then it is one", async () => {
  const { queues } = scene.provider;
  await queues.push([eventTo("Twice", 1)]);
  const [lease] = await take(scene.provider, "Twice", 1);
  if (!lease) throw new Error("nothing came");
  scene.servers.interfere = ({ action }) =>
    action === "sqs:DeleteMessageBatch"
      ? { status: 400, body: JSON.stringify({ __type: "com.amazonaws#AccessDenied", message: "no" }) }
      : undefined;
  await queues.deadLetter(lease, letterFor(lease)).catch(() => {});
  scene.servers.interfere = () => undefined;
  await queues.deadLetter(lease, letterFor(lease));
  assert.is((await listed("Twice")).length, 1);
  await queues.drop(QueueName.parse("Twice"), lease.event.id);
  assert.is((await listed("Twice")).length, 0);
});

test("given a message that SQS moved by itself, when dead letters are listed, then it is there and says so", async () => {
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Moved"));
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await sqs.send(new SendMessageCommand({ QueueUrl: `${url}--dead`, MessageBody: '{"n":1}' }));
  sqs.destroy();
  const [letter] = await listed("Moved");
  assert.equal(letter?.event.getBody(), { n: 1 });
  assert.match(letter?.reason ?? "", /moved by SQS/);
});

test("given a FIFO queue, when events of one key are dead-lettered, then all are listed, and one requeued at once comes back", async () => {
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

test.run();
