/** Messages that AWS sends for itself reach no actor. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { sqsHandler } from "../../../providers/aws/hosting/lambda.ts";
import { actorDescription, QueueName, silentLogger, type Event, type Logger } from "../../../src/index.ts";
import { awsScene, eventTo, spec, takeOne } from "../../support/aws-hive.ts";
import { receiveRecords } from "../../support/sqs-records.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: notices", { timeoutMs: 30_000 });
const notices = [
  { Service: "Amazon S3", Event: "s3:TestEvent", Time: "2024-01-01T00:00:00.000Z", Bucket: "b" },
  { Type: "SubscriptionConfirmation", TopicArn: "arn:t", SubscribeURL: "https://sns" },
  { Type: "UnsubscribeConfirmation", TopicArn: "arn:t", SubscribeURL: "https://sns" },
];

async function send(endpoint: string, url: string): Promise<void> {
  const sqs = new SQSClient({ endpoint, region: "us-east-1" });
  for (const notice of notices)
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(notice) }));
  sqs.destroy();
}

function recording(lines: string[]): Logger {
  const log =
    (level: string): Logger["info"] =>
    (fields, message) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { ...silentLogger, info: log("info"), warn: log("warn") };
}

test("notices among events are deleted and logged", async () => {
  const lines: string[] = [];
  const scene = await awsScene({ logger: recording(lines) });
  const { queues } = scene.provider;
  await queues.ensure([spec("Bills")]);
  await send(scene.servers.endpoint, (await queues.addressOf(QueueName.parse("Bills"))).url);
  await queues.push([eventTo("Bills", "ours")]);
  const lease = await takeOne(scene.provider, "Bills");
  assert.is(lease.event.getBody(), "ours");
  await queues.commit(lease, []);
  const { ready, leased } = await queues.counts(QueueName.parse("Bills"));
  assert.equal([ready, leased], [0, 0]);
  assert.match(lines.find((line) => line.startsWith("info")) ?? "", /S3 tested.*"bucket":"b"/);
  assert.match(lines.find((line) => line.includes("confirm")) ?? "", /^warn .*"subscribeUrl":"https:\/\/sns"/);
  assert.match(lines.find((line) => line.includes("unsubscribed")) ?? "", /^warn .*"topicArn":"arn:t"/);
  assert.is(lines.length, 3);
  await scene.close();
});

test("notices handed over by Lambda reach no actor", async () => {
  const scene = await awsScene();
  const { queues } = scene.provider;
  await queues.ensure([spec("Bills")]);
  const { url } = await queues.addressOf(QueueName.parse("Bills"));
  await send(scene.servers.endpoint, url);
  const seen: Event[] = [];
  class Sees {
    processAsync(event: Event): void {
      seen.push(event);
    }
  }
  actorDescription("Bills")(Sees);
  const lines: string[] = [];
  const provider = { prefix: "test", endpoint: scene.servers.endpoint };
  const handler = sqsHandler({ actors: [Sees], provider, logger: recording(lines), environment: {} });
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const records = [];
  while (records.length < notices.length) records.push(...(await receiveRecords(sqs, url)));
  const answer = await handler({ Records: records }, { getRemainingTimeInMillis: () => 60_000 });
  sqs.destroy();
  assert.equal([answer.batchItemFailures, seen, lines.length], [[], [], 3]);
  await handler.close();
  await scene.close();
});

test.run();
