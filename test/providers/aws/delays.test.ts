/** Delays and attempts beyond what SQS expresses. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import type { AwsLease } from "../../../providers/aws/queues/lease.ts";
import { bodyOf } from "../../../providers/aws/queues/message.ts";
import { attributesWith } from "../../../providers/aws/queues/redelivery-state.ts";
import type { Event } from "../../../src/index.ts";
import { awsScene, eventTo, spec, take, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: delays", { timeoutMs: 30_000 });
const minute = 60_000;
let scene: AwsScene;
/** Entries of the sends and changes of visibility that SQS received. */
const asked: { readonly action: string; readonly entry: Readonly<Record<string, unknown>> }[] = [];
test.before(async () => {
  scene = await awsScene();
  const ordered = { ordered: true };
  await scene.provider.setup();
  await scene.provider.queues.ensure(["A", "B", "C", "D", "E", "F", "G", "H"].map((name) => spec(name)));
  await scene.provider.queues.ensure([
    spec("Fifo", ordered),
    spec("Fifo2", ordered),
    spec("Topic-"),
    spec("Topic-Reader"),
    spec("Topic-Ordered", ordered),
  ]);
  scene.servers.interfere = ({ action, body }) => {
    if (action === "sqs:SendMessageBatch" || action === "sqs:ChangeMessageVisibilityBatch")
      for (const entry of (JSON.parse(body) as { readonly Entries: Record<string, unknown>[] }).Entries)
        asked.push({ action, entry });
    return undefined;
  };
});
test.after(() => scene.close());
test.before.each(() => {
  asked.length = 0;
});

const attributesOf = (
  entry: Readonly<Record<string, unknown>> | undefined,
): Record<string, { readonly StringValue: string }> =>
  (entry?.["MessageAttributes"] ?? {}) as Record<string, { readonly StringValue: string }>;
const noteOf = (entry: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> => {
  return JSON.parse(attributesOf(entry)["beehive"]?.StringValue ?? "{}") as Record<string, unknown>;
};

test("a retry within 12 hours is the visibility of the message", async () => {
  await scene.provider.queues.push([eventTo("A", 1)]);
  const lease = await takeOne(scene.provider, "A");
  asked.length = 0;
  await scene.provider.queues.abandon(lease, { delayMs: 90 * minute + 1, countAttempt: true });
  assert.equal(
    asked.map(({ action, entry }) => [action, entry["VisibilityTimeout"]]),
    [["sqs:ChangeMessageVisibilityBatch", 90 * 60 + 1]],
  );
});

test("a retry after more than 12 hours sends a copy with its state", async () => {
  await scene.provider.queues.push([eventTo("B", 1)]);
  const lease = await takeOne(scene.provider, "B");
  asked.length = 0;
  await scene.provider.queues.abandon(lease, { delayMs: 13 * 60 * minute, countAttempt: true });
  assert.is(asked[0]?.entry["DelaySeconds"], 900);
  const { notBefore, ...note } = noteOf(asked[0]?.entry);
  assert.equal(note, { firstSeen: lease.firstSeen, attempts: 1, id: lease.event.id });
  assert.ok(Math.abs(Number(notBefore) - Date.now() - 13 * 60 * minute) < minute);
});

test("SQS delays a pushed event as far as it can", async () => {
  await scene.provider.queues.push([eventTo("C", 1, { enqueueTime: new Date(Date.now() + 60 * minute) })]);
  assert.is(asked[0]?.entry["DelaySeconds"], 900);
});

test("an early event of a topic is delayed, uncounted, and comes in time", async () => {
  const enqueueTime = new Date(Date.now() + 2_000);
  await scene.provider.queues.push([eventTo("Topic-", 1, { enqueueTime, partitionKey: "p" })]);
  for (const name of ["Topic-Reader", "Topic-Ordered"]) {
    const lease = await takeOne(scene.provider, name);
    assert.ok(Date.now() >= enqueueTime.getTime());
    assert.is(lease.attempt, 1);
  }
});

test("an event that is not due yet goes back as a copy", async () => {
  const { provider } = scene;
  await provider.queues.push([eventTo("D", 1)]);
  const first = await takeOne(provider, "D");
  await provider.queues.abandon(first, { delayMs: 0, countAttempt: false });
  await provider.queues.push([eventTo("D", 2, { enqueueTime: new Date(Date.now() + 1_200) })]);
  const leases = await take(provider, "D", 2);
  assert.equal(
    leases.map(({ attempt, event }) => [event.getBody(), attempt]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  // The copy keeps the first delivery of its message.
  const copy = leases.find(({ event }) => event.id === first.event.id);
  assert.is(copy?.firstSeen, first.firstSeen);
});

test("a delayed copy is delayed again with the same attempts", async () => {
  const { queues } = scene.provider;
  const { name } = spec("H");
  const notBefore = Date.now() + 60 * minute;
  const body = bodyOf(eventTo("H", 1, { enqueueTime: new Date(0) }));
  const message = {
    MessageId: "m-1",
    ReceiptHandle: "r-1",
    Body: body,
    MessageAttributes: attributesWith({ id: "e-1", attempts: 3, notBefore }, {}),
  };
  const { due } = await queues.adopt(name, await queues.addressOf(name), [message], minute);
  assert.equal(due, []);
  assert.equal([asked.length, asked[0]?.entry["DelaySeconds"]], [1, 900]);
  const note = noteOf(asked[0]?.entry);
  assert.equal([note["notBefore"], note["attempts"]], [notBefore, 3]);
});

test("a foreign state cannot reduce the attempts below one", async () => {
  const { url } = await scene.provider.queues.addressOf(spec("G").name);
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const note = { DataType: "String", StringValue: JSON.stringify({ attempts: -5 }) };
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "1", MessageAttributes: { beehive: note } }));
  sqs.destroy();
  assert.is((await takeOne(scene.provider, "G")).attempt, 1);
});

test("a copy of a foreign message keeps its id and its attributes", async () => {
  const { provider } = scene;
  const foreign = scene.another({ prefix: "test" });
  const { url } = await provider.queues.addressOf(spec("E").name);
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: '{"n":1}',
      MessageAttributes: { theirs: { DataType: "String", StringValue: "x" } },
    }),
  );
  sqs.destroy();
  const ids = new Set<string>();
  for (let times = 0; times < 3; times++) {
    const lease = await takeOne(foreign, "E");
    assert.is(lease.attempt, 1);
    ids.add(lease.event.id);
    await foreign.queues.abandon(lease, { delayMs: 0, countAttempt: false });
  }
  assert.is(ids.size, 1);
  assert.is(attributesOf(asked.at(-1)?.entry)["theirs"]?.StringValue, "x");
});

test("an abandoned event in a FIFO queue keeps its place and its attempts", async () => {
  const { provider } = scene;
  await provider.queues.push(["a1", "a2"].map((body) => eventTo("Fifo", body, { partitionKey: "a" })));
  const seen: [unknown, number][] = [];
  const look = (lease: AwsLease): void => void seen.push([lease.event.getBody(), lease.attempt]);
  for (const countAttempt of [false, true, false, false]) {
    const process = scene.another();
    const lease = await takeOne(process, "Fifo");
    look(lease);
    await process.queues.abandon(lease, { delayMs: 0, countAttempt });
  }
  const last = await takeOne(provider, "Fifo");
  look(last);
  await provider.queues.commit(last, []);
  look(await takeOne(provider, "Fifo"));
  assert.equal(seen, [
    ["a1", 1],
    ["a1", 1],
    ["a1", 2],
    ["a1", 2],
    ["a1", 2],
    ["a2", 1],
  ]);
});

test("a renewal asks for no more than is left of the 12 hours", async () => {
  await scene.provider.queues.push([eventTo("F", 1)]);
  const lease = await takeOne(scene.provider, "F", 60_000);
  asked.length = 0;
  assert.equal(await scene.provider.queues.renew([lease], 24 * 60 * minute), [true]);
  assert.ok(Number(asked[0]?.entry["VisibilityTimeout"]) <= 43_199);
  assert.ok(lease.expiresAt <= Date.now() + 43_199_000);
});

test("an ordered event due after the retention of SQS is refused", async () => {
  const { queues } = scene.provider;
  const day = 24 * 60 * minute;
  const due = (name: string, days: number): Event => {
    const enqueueTime = new Date(Date.now() + days * day - minute);
    return eventTo(name, 1, { partitionKey: "k", enqueueTime });
  };
  asked.length = 0;
  for (const name of ["Fifo2", "Topic-"]) {
    const failure = await failureOf(queues.push([due("A", 1), due(name, 14)]));
    assert.is(failure.code, "InvalidEvent");
    assert.match(failure.message, new RegExp(`to ${name} is due at .* in at most 13 days`));
  }
  assert.is(asked.length, 0);
  await queues.push([due("Fifo2", 13), due("A", 400)]);
});

test.run();
