import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import type { AwsProvider } from "../../../providers/aws/index.ts";
import { QueueName, type Event } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { awsScene, eventTo, spec, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: topology", { timeoutMs: 30_000 });
let scene: AwsScene;
let sqs: SQSClient;
test.before(async () => {
  scene = await awsScene();
  sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
});
test.after(async () => {
  sqs.destroy();
  await scene.close();
});

async function attributesOf(name: string): Promise<Readonly<Record<string, string>>> {
  const { url } = await scene.provider.queues.addressOf(QueueName.parse(name));
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }));
  return Attributes;
}

test("a subscription's queue takes messages of its topic alone", async () => {
  await scene.provider.queues.ensure([spec("Orders-"), spec("Orders-Payment", { leaseMs: 30_000, maxAttempts: 10 })]);
  const {
    RedrivePolicy = "",
    Policy = "",
    VisibilityTimeout,
    MessageRetentionPeriod,
  } = await attributesOf("Orders-Payment");
  assert.equal(JSON.parse(RedrivePolicy), {
    deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:test-Orders-Payment--dead",
    maxReceiveCount: 20,
  });
  assert.equal([VisibilityTimeout, MessageRetentionPeriod], ["31", "1209600"]);
  const [statement] = (JSON.parse(Policy) as { readonly Statement: object[] }).Statement;
  assert.equal(statement, {
    Sid: "TopicSends",
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: "arn:aws:sqs:us-east-1:000000000000:test-Orders-Payment",
    Condition: { ArnEquals: { "aws:SourceArn": "arn:aws:sns:us-east-1:000000000000:test-Orders" } },
  });
});

test("a set-up updates the attributes of a queue", async () => {
  await sqs.send(new CreateQueueCommand({ QueueName: "test-Old", Attributes: { VisibilityTimeout: "7" } }));
  await scene.provider.queues.ensure([spec("Old", { leaseMs: 10_000 })]);
  assert.is((await attributesOf("Old"))["VisibilityTimeout"], "11");
});

test("a set-up keeps foreign statements of an access policy", async () => {
  await scene.provider.queues.ensure([spec("Shared-"), spec("Shared-Reader")]);
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Shared-Reader"));
  const { Statement } = JSON.parse((await attributesOf("Shared-Reader"))["Policy"] ?? "") as { Statement: object[] };
  const denied = { Sid: "NoHttp", Effect: "Deny", Principal: "*", Action: "sqs:*", Resource: "*" };
  for (const theirs of [[...Statement, denied], denied]) {
    const Policy = JSON.stringify({ Version: "2012-10-17", Id: "theirs", Statement: theirs });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    await scene.another().queues.ensure([spec("Shared-"), spec("Shared-Reader", { leaseMs: 90_000 })]);
    const now = JSON.parse((await attributesOf("Shared-Reader"))["Policy"] ?? "") as object;
    assert.equal(now, { Version: "2012-10-17", Id: "theirs", Statement: [...Statement, denied] });
  }
});

test("a set-up pauses only after it has created a queue", async () => {
  const clock = new ManualClock();
  const settling = await awsScene({ clock, settle: "1s" });
  const { queues } = settling.provider;
  let settled = false;
  const making = queues.ensure([spec("New-"), spec("New-Reader")]).then(() => (settled = true));
  while (clock.pending === 0) await new Promise(setImmediate);
  await clock.advance(999);
  assert.is(settled, false);
  await clock.advance(1);
  await making;
  await queues.ensure([spec("New-"), spec("New-Reader")]);
  assert.is(clock.pending, 0);
  await settling.close();
});

test("several processes set up one queue with different leases", async () => {
  await Promise.all(
    Array.from({ length: 5 }, (_, n) =>
      scene.another().queues.ensure([spec("Raced-"), spec("Raced-Reader", { leaseMs: 10_000 + n * 1_000 })]),
    ),
  );
  await scene.provider.queues.push([eventTo("Raced-", 1)]);
  assert.is((await takeOne(scene.provider, "Raced-Reader")).event.getBody(), 1);
});

test("a topic serves an ordered and an unordered subscription", async () => {
  await scene.provider.queues.ensure([spec("Mixed-"), spec("Mixed-Plain"), spec("Mixed-Line", { ordered: true })]);
  const publisher = scene.another();
  await publisher.queues.push([eventTo("Mixed-", 1, { partitionKey: "k" })]);
  for (const name of ["Mixed-Plain", "Mixed-Line"]) {
    await takeOne(scene.provider, name);
    const { ready } = await scene.provider.queues.counts(QueueName.parse(name));
    assert.is(ready, 0);
  }
});

test("a queue that is no longer ordered is refused with the next step", async () => {
  await scene.provider.queues.ensure([spec("Changed", { ordered: true })]);
  const error = await failureOf(scene.provider.queues.ensure([spec("Changed")]));
  assert.is(error.code, "InvalidConfiguration");
  assert.match(error.message, /test-Changed\.fifo.*delete it/);
});

test("a receiver finds a queue that was recreated as ordered", async () => {
  const { queues } = scene.another();
  const name = QueueName.parse("Anew");
  await scene.provider.queues.ensure([spec("Anew")]);
  const request = { max: 1, leaseMs: 60_000, waitMs: 0, signal: new AbortController().signal };
  assert.equal(await queues.lease(name, request), []);
  await scene.provider.queues.delete(name);
  await scene.provider.queues.ensure([spec("Anew", { ordered: true })]);
  await scene.provider.queues.push([eventTo("Anew", 1)]);
  assert.is((await failureOf(queues.lease(name, request))).code, "QueueNotFound");
  assert.is((await queues.lease(name, { ...request, waitMs: 2_000 }))[0]?.event.getBody(), 1);
});

test("a publisher finds a queue or topic that was recreated as ordered", async () => {
  const { queues } = scene.another();
  const to = (name: string): Event => eventTo(name, 1, { partitionKey: "k" });
  for (const [name, specs] of [
    ["AnewToo", [spec("AnewToo")]],
    ["AnewTopic-", [spec("AnewTopic-"), spec("AnewTopic-Reader")]],
  ] as const) {
    await scene.provider.queues.ensure(specs);
    await queues.push([to(name)]);
    await scene.provider.queues.delete(QueueName.parse(name));
    await scene.provider.queues.ensure(specs.map((one) => ({ ...one, ordered: true })));
    assert.is((await failureOf(queues.push([to(name)]))).code, "QueueNotFound");
    await queues.push([to(name)]);
  }
});

test("missing needs no right to create; ensure names the missing right", async () => {
  await scene.provider.queues.ensure([spec("Made")]);
  const reader = scene.another();
  const writes = /:(Create|Set|Subscribe|Update|Put|Delete)/;
  scene.servers.interfere = ({ action }) =>
    writes.test(action)
      ? { status: 400, body: JSON.stringify({ __type: "com.amazonaws#AccessDeniedException", message: "no" }) }
      : undefined;
  assert.equal(
    (
      await reader.queues.missing([
        spec("Made"),
        spec("Never"),
        spec("Orders-"),
        spec("Orders-Payment"),
        spec("Orders-Other"),
      ])
    ).map(String),
    ["Never", "Orders-Other"],
  );
  const error = await failureOf(reader.queues.ensure([spec("Never")]));
  scene.servers.interfere = () => undefined;
  assert.is(error.code, "AccessDenied");
  assert.match(error.message, /sqs:CreateQueue on test-Never--dead/);
});

test("missing looks up one of the queues seen a moment ago", async () => {
  const specs = [spec("Seen-"), spec("Seen-A"), spec("Seen-B"), spec("Seen")];
  await scene.provider.queues.ensure(specs);
  const reader = scene.another();
  scene.servers.counts.clear();
  assert.equal(await reader.queues.missing(specs), []);
  assert.is(scene.servers.counts.get("sns:ListSubscriptionsByTopic"), 1, "once for both subscriptions of the topic");
  scene.servers.counts.clear();
  assert.equal(await reader.queues.missing(specs), []);
  assert.equal([...scene.servers.counts], [["sqs:GetQueueUrl", 1]]);
  const body = JSON.stringify({ __type: "com.amazonaws#AccessDeniedException", message: "no" });
  scene.servers.interfere = () => ({ status: 400, body });
  assert.is((await failureOf(reader.queues.missing(specs))).code, "AccessDenied");
  scene.servers.interfere = () => undefined;
});

test("missing reports deleted queues in every process", async () => {
  const specs = [spec("Going-"), spec("Going-A"), spec("Going")];
  const names = async (queues: AwsProvider["queues"]): Promise<string[]> => (await queues.missing(specs)).map(String);
  const { queues } = scene.provider;
  await queues.ensure(specs);
  const reader = scene.another();
  assert.equal(await names(reader.queues), []);
  await queues.delete(QueueName.parse("Going"));
  assert.equal(await names(queues), ["Going"]);
  await queues.delete(QueueName.parse("Going-A"));
  assert.equal(await names(reader.queues), ["Going-A", "Going"]);
  await queues.ensure([spec("Going-"), spec("Going-A")]);
  assert.equal(await names(reader.queues), ["Going"], "what was gone is looked for until it is there");
});

test("a queue without dead letters or of the other kind is missing", async () => {
  await scene.provider.queues.ensure([spec("Half"), spec("Plain"), spec("Other")]);
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("Half"));
  await sqs.send(new DeleteQueueCommand({ QueueUrl: `${url}--dead` }));
  const { queues } = scene.another();
  assert.equal((await queues.missing([spec("Plain"), spec("Half"), spec("Other")])).map(String), ["Half"]);
  assert.equal((await queues.missing([spec("Other"), spec("Plain", { ordered: true })])).map(String), ["Plain"]);
});

test("names and leases that AWS refuses are listed", () => {
  const long = "x".repeat(70);
  const problems = scene.provider.queues.problems([
    spec(`${long}`),
    spec("Long", { leaseMs: 13 * 3_600_000 }),
    spec("Often", { maxAttempts: 1_000 }),
    spec(`${"t".repeat(250)}-`),
  ]);
  const reasons = [/characters; at most 80/, /12 hours/, /1000 times/, /at most 256/];
  assert.is(problems.length, reasons.length);
  for (const [index, reason] of reasons.entries()) assert.match(String(problems[index]), reason);
});

test.run();
