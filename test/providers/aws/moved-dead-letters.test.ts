/** Dead letters moved back unchanged by AWS's own tools ("Start DLQ redrive"), under new message ids. */
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { deadNameOf } from "../../../providers/aws/queues/names.ts";
import { QueueName, silentLogger, type DeadLetter } from "../../../src/index.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { awsScene, eventTo, spec, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: moved dead letters", { timeoutMs: 30_000 });
let scene: AwsScene;
let sqs: SQSClient;
test.before(async () => {
  scene = await awsScene({ bucket: "data", logger: silentLogger });
  sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await scene.provider.setup();
  await scene.provider.queues.ensure([
    ...["Plain", "Large", "Full", "Foreign"].map((name) => spec(name)),
    spec("Line", { ordered: true }),
  ]);
});
test.after(async () => {
  sqs.destroy();
  await scene.close();
});

/** Moves the only dead letter of a queue back; returns the start of its message body. */
async function moveBack(name: string): Promise<string> {
  const { url, name: queueName, fifo } = await scene.provider.queues.addressOf(QueueName.parse(name));
  const dead = url.replace(queueName, deadNameOf(queueName));
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: dead,
      WaitTimeSeconds: 5,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
    }),
  );
  const [{ Body = "", MessageAttributes, Attributes } = {}] = Messages ?? [];
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: Body,
      MessageAttributes,
      ...(fifo && { MessageGroupId: Attributes?.MessageGroupId, MessageDeduplicationId: "moved" }),
    }),
  );
  return Body.slice(0, 20);
}

async function bury(name: string, provider = scene.provider): Promise<void> {
  const lease = await takeOne(provider, name);
  await provider.queues.deadLetter(lease, letterFor(lease));
}

test("a dead letter moved back is its event at the first attempt", async () => {
  const event = eventTo("Plain", { n: 1 }, { properties: { tenant: "acme" } });
  await scene.provider.queues.push([event]);
  await bury("Plain");
  assert.is(await moveBack("Plain"), '{"beehiveDeadLetter"');
  const sends = scene.servers.counts.get("sqs:SendMessageBatch");
  const back = await takeOne(scene.provider, "Plain");
  assert.is(scene.servers.counts.get("sqs:SendMessageBatch"), sends);
  assert.equal(
    [back.event.id, back.event.eventType, back.event.body, back.event.properties["tenant"], back.attempt],
    [event.id, event.eventType, '{"n":1}', "acme", 1],
  );
  await scene.provider.queues.commit(back, []);
});

test("a dead letter in the bucket is its event after it was moved back", async () => {
  const provider = scene.another({ claimCheck: true, maxEventBytes: 1_048_576 });
  const event = eventTo("Large", "x".repeat(1_048_200));
  await provider.queues.push([event]);
  await bury("Large", provider);
  assert.match(await moveBack("Large"), /beehiveClaim/);
  const back = await takeOne(provider, "Large");
  assert.equal([back.event.id, back.event.bodySize], [event.id, 1_048_202]);
  await provider.queues.commit(back, []);
});

test("in an ordered queue a moved event is in the group of its key", async () => {
  const event = eventTo("Line", 1, { partitionKey: "customer-1" });
  await scene.provider.queues.push([event]);
  await bury("Line");
  await moveBack("Line");
  const back = await takeOne(scene.provider, "Line");
  const { received } = back as typeof back & { readonly received: { readonly groupId: string } };
  assert.equal([back.event.id, back.event.partitionKey, received.groupId], [event.id, "customer-1", "customer-1"]);
  await scene.provider.queues.commit(back, []);
  assert.is((await scene.provider.queues.counts(QueueName.parse("Line"))).leased, 0);
});

test("an event that fills a message is dead-lettered without a record", async () => {
  const name = QueueName.parse("Full");
  const provider = scene.another({ maxEventBytes: 1_048_576, logger: silentLogger });
  const event = eventTo("Full", "x".repeat(1_048_200));
  await provider.queues.push([event]);
  await bury("Full", provider);
  const letters: DeadLetter[] = [];
  for await (const letter of provider.queues.deadLetters(name)) letters.push(letter);
  assert.equal(
    letters.map((letter) => [letter.event.id, letter.errorName]),
    [[event.id, "Exhausted"]],
  );
  await provider.queues.requeue(name, event.id);
  assert.is((await takeOne(provider, "Full")).event.id, event.id);
});

test("a large foreign message keeps its id without a record", async () => {
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Foreign"));
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: "{}",
      MessageAttributes: { tenant: { DataType: "String", StringValue: "acme" } },
    }),
  );
  const lease = await takeOne(scene.provider, "Foreign");
  scene.servers.interfere = ({ action, body }) =>
    action === "sqs:SendMessageBatch" && body.includes("beehiveDeadLetter")
      ? {
          status: 400,
          body: JSON.stringify({
            __type: "com.amazonaws.sqs#InvalidParameterValue",
            message: "One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.",
          }),
        }
      : undefined;
  await scene.provider.queues.deadLetter(lease, letterFor(lease));
  scene.servers.interfere = () => undefined;
  for await (const { event } of scene.provider.queues.deadLetters(QueueName.parse("Foreign")))
    assert.equal([event.id, event.properties["tenant"]], [lease.event.id, "acme"]);
  await scene.provider.queues.requeue(QueueName.parse("Foreign"), lease.event.id);
  assert.is((await takeOne(scene.provider, "Foreign")).event.properties["tenant"], "acme");
});

test.run();
