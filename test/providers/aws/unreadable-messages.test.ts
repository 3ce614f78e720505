/**
 * Events received during an outage of the services that hold parts of them: no actor sees them, and no attempt counts.
 */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { sqsHandler } from "../../../providers/aws/hosting/lambda.ts";
import type { AwsProvider } from "../../../providers/aws/index.ts";
import type { AwsLease } from "../../../providers/aws/queues/lease.ts";
import { attributesWith } from "../../../providers/aws/queues/redelivery-state.ts";
import { actorDescription, QueueName, silentLogger, type Event } from "../../../src/index.ts";
import { awsScene, eventTo, spec, take, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import type { Interference } from "../../support/aws-servers.ts";
import { failureOf } from "../../support/failure.ts";
import { receiveRecords } from "../../support/sqs-records.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: unreadable messages", { timeoutMs: 60_000 });
const large = "x".repeat(2_000);
let scene: AwsScene;
test.before(async () => {
  scene = await awsScene({ bucket: "data" });
  const plain = ["Inbox", "Claims", "Mixed", "Gone", "Function", "Foreign", "Batch", "Refused", "Later"].map((name) =>
    spec(name),
  );
  await scene.provider.setup();
  await scene.provider.queues.ensure([...plain, spec("Line", { ordered: true }), spec("LaterLine", { ordered: true })]);
});
test.after(() => scene.close());
test.after.each(() => {
  scene.servers.interfere = () => undefined;
});

/** Response to reads while DynamoDB and S3 are down. */
const outage: Interference = ({ action }) => {
  const body = JSON.stringify({ __type: "com.amazonaws.dynamodb.v20120810#AccessDeniedException", message: "down" });
  if (action === "dynamodb:BatchGetItem" || action === "dynamodb:GetItem") return { status: 400, body };
  return action === "s3:GET" ? { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } : undefined;
};

/** Returns the next events of a queue, or the failure. */
function next({ queues }: AwsProvider, name: string): Promise<readonly AwsLease[]> {
  const { signal } = new AbortController();
  return queues.lease(QueueName.parse(name), { max: 10, leaseMs: 60_000, waitMs: 10_000, signal });
}

async function sendForeign(url: string, body: string): Promise<void> {
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  sqs.destroy();
}

test("an outage of DynamoDB or S3 costs events no attempt", async () => {
  const inbox = scene.another({ idempotent: true });
  const claims = scene.another({ claimCheck: true, maxEventBytes: 1_024 });
  const readers = [
    ["Inbox", inbox],
    ["Line", inbox],
    ["Claims", claims],
  ] as const;
  scene.servers.interfere = outage;
  await Promise.all(
    readers.map(async ([name, provider]) => {
      await provider.queues.push([eventTo(name, name === "Claims" ? large : 1, { partitionKey: "k" })]);
      for (let receives = 0; receives < 2; receives++) {
        const failure = await failureOf(next(provider, name));
        assert.is(failure.code, "AccessDenied", `${name}: ${failure.message}`);
      }
    }),
  );
  scene.servers.interfere = () => undefined;
  for (const [name, provider] of readers) {
    const lease = await takeOne(provider, name);
    assert.is(lease.attempt, 1, name);
    await provider.queues.abandon(lease, { delayMs: 0, countAttempt: true });
    assert.is((await takeOne(provider, name)).attempt, 2, name);
  }
});

test("one unreadable event fails alone; the next caller gets its failure", async () => {
  const provider = scene.another({ claimCheck: true, maxEventBytes: 1_024 });
  await provider.queues.push([eventTo("Mixed", large), eventTo("Mixed", "small")]);
  scene.servers.interfere = outage;
  const leases = await next(provider, "Mixed");
  assert.equal(
    leases.map(({ event }) => event.getBody()),
    ["small"],
  );
  assert.match((await failureOf(next(provider, "Mixed"))).message, /s3:GetObject on data\/claims/);
  scene.servers.interfere = () => undefined;
  assert.is((await takeOne(provider, "Mixed")).event.getBody(), large);
});

test("foreign messages that break assumptions do not block others", async () => {
  const provider = scene.another({ idempotent: true, claimCheck: true });
  const { url } = await provider.queues.addressOf(QueueName.parse("Foreign"));
  const bodies = [
    '{"Records":[{"eventSource":"aws:s3","eventName":"x","s3":{"bucket":{"name":"b"},"object":{"key":5}}}]}',
    `{"detail-type":"x","source":"s","detail":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    '{"beehiveClaim":"claims/ oops',
    JSON.stringify({ specversion: "1.0", id: "x".repeat(1_100), source: "s", type: "t", data: 1 }),
  ];
  for (const body of bodies) await sendForeign(url, body);
  await provider.queues.push([eventTo("Foreign", "ours")]);
  const leases = await take(provider, "Foreign", 5);
  assert.equal(
    leases.map(({ attempt }) => attempt),
    [1, 1, 1, 1, 1],
  );
  await Promise.all(leases.map((lease) => provider.queues.commit(lease, [])));
  // An event with a long id is recognised when it comes again.
  await provider.queues.push([eventTo("Foreign", "last")]);
  await sendForeign(url, bodies.at(-1) ?? "");
  const { signal } = new AbortController();
  const request = { max: 10, leaseMs: 60_000, waitMs: 2_000, signal };
  const bodiesNow = (await provider.queues.lease(QueueName.parse("Foreign"), request)).map(({ event }) =>
    event.getBody(),
  );
  assert.equal(bodiesNow, ["last"]);
});

test("an event whose claim is gone is left to SQS to count", async () => {
  const provider = scene.another({ claimCheck: true, maxEventBytes: 1_024 });
  await provider.queues.push([eventTo("Gone", large)]);
  const sends = scene.servers.counts.get("sqs:SendMessageBatch");
  scene.servers.interfere = ({ action }) =>
    action === "s3:GET" ? { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" } : undefined;
  assert.match((await failureOf(next(provider, "Gone"))).message, /NoSuchKey/);
  assert.is(scene.servers.counts.get("sqs:SendMessageBatch"), sends);
});

test("during an outage a function returns events uncounted", async () => {
  const provider = { prefix: "test", endpoint: scene.servers.endpoint, bucket: "data", claimCheck: true };
  class Reader {
    processAsync(): void {}
  }
  actorDescription("Function", {})(Reader);
  const handler = sqsHandler({
    actors: [Reader],
    provider: { ...provider, maxEventBytes: 1_024 },
    logger: silentLogger,
    environment: {},
  });
  const writer = scene.another({ claimCheck: true, maxEventBytes: 1_024 });
  await writer.queues.push([eventTo("Function", large)]);
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const { url } = await writer.queues.addressOf(QueueName.parse("Function"));
  scene.servers.interfere = outage;
  const response = await handler(
    { Records: await receiveRecords(sqs, url) },
    { getRemainingTimeInMillis: () => 60_000 },
  );
  scene.servers.interfere = () => undefined;
  sqs.destroy();
  await handler.close();
  assert.equal(response, { batchItemFailures: [] });
  assert.is((await takeOne(writer, "Function")).attempt, 1);
});

test("unprocessed keys of the inbox are read again, later each time", async () => {
  const provider = scene.another({ idempotent: true });
  await provider.queues.push([eventTo("Inbox", "again")]);
  const askedAt: number[] = [];
  scene.servers.interfere = ({ action, body }) => {
    if (action !== "dynamodb:BatchGetItem") return undefined;
    askedAt.push(performance.now());
    const { RequestItems } = JSON.parse(body) as { readonly RequestItems: unknown };
    return askedAt.length < 4 ? { status: 200, body: JSON.stringify({ UnprocessedKeys: RequestItems }) } : undefined;
  };
  assert.is((await take(provider, "Inbox", 1)).length, 1);
  const waits = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0));
  for (const [index, least] of [50, 100, 200].entries()) assert.ok((waits[index] ?? 0) >= least - 5, String(waits));
});

test("a batch larger than one read of the table is handled once", async () => {
  const worked: unknown[] = [];
  class Counts {
    processAsync(event: Event): void {
      worked.push(event.getBody());
    }
  }
  actorDescription("Batch", { parallelism: 20 })(Counts);
  const provider = { prefix: "test", endpoint: scene.servers.endpoint, idempotent: true };
  const handler = sqsHandler({ actors: [Counts], provider, logger: silentLogger, environment: {} });
  const records = Array.from({ length: 201 }, (_, n) => ({
    messageId: `batch-${n}`,
    receiptHandle: `r-${n}`,
    body: String(n),
    attributes: {},
    eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:test-Batch",
  }));
  const inTime = { getRemainingTimeInMillis: () => 60_000 };
  scene.servers.counts.clear();
  assert.equal(await handler({ Records: records }, inTime), { batchItemFailures: [] });
  assert.is(scene.servers.counts.get("dynamodb:BatchGetItem"), 3);
  assert.is(worked.length, 201);
  // A committed event is recognised in every read.
  assert.equal(await handler({ Records: records }, inTime), { batchItemFailures: [] });
  assert.is(worked.length, 201);
  await handler.close();
});

test("events refused by the inbox are left to SQS to count", async () => {
  const provider = scene.another({ idempotent: true });
  await provider.queues.push([eventTo("Refused", 1)]);
  const sends = scene.servers.counts.get("sqs:SendMessageBatch");
  scene.servers.interfere = ({ action }) =>
    action === "dynamodb:BatchGetItem"
      ? {
          status: 400,
          body: JSON.stringify({ __type: "com.amazon.coral.validate#ValidationException", message: "no" }),
        }
      : undefined;
  const { signal } = new AbortController();
  const lease = (): Promise<readonly AwsLease[]> =>
    provider.queues.lease(QueueName.parse("Refused"), { max: 10, leaseMs: 1_000, waitMs: 10_000, signal });
  assert.match((await failureOf(lease())).message, /ValidationException/);
  assert.is(scene.servers.counts.get("sqs:SendMessageBatch"), sends);
  scene.servers.interfere = () => undefined;
  assert.is((await takeOne(provider, "Refused")).attempt, 2);
});

test("in a long outage an event waits up to a minute between receives", async () => {
  const provider = scene.another({ idempotent: true });
  const delays: unknown[] = [];
  scene.servers.interfere = (request) => {
    const { action, body } = request;
    const { Entries = [] } = action.startsWith("sqs:") ? (JSON.parse(body) as { Entries?: Waiting[] }) : {};
    const changes = action === "sqs:ChangeMessageVisibilityBatch" || action === "sqs:SendMessageBatch";
    if (changes) delays.push(...Entries.map((one) => one.VisibilityTimeout ?? one.DelaySeconds));
    return outage(request);
  };
  for (const name of ["Later", "LaterLine"]) {
    const address = await provider.queues.addressOf(QueueName.parse(name));
    delays.length = 0;
    let note = {};
    for (let times = 0; times < 5; times++) {
      const message = {
        MessageId: "m-1",
        ReceiptHandle: "r-1",
        Body: "1",
        MessageAttributes: attributesWith(note, {}),
      };
      await provider.queues.adopt(QueueName.parse(name), address, [message], 60_000);
      note = { unread: times + 1 };
    }
    assert.equal(delays, [5, 10, 20, 40, 60], name);
  }
});

interface Waiting {
  readonly VisibilityTimeout?: number;
  readonly DelaySeconds?: number;
}

test.run();
