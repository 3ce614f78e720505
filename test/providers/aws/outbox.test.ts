/** Entries and sizes of requests to SQS and SNS. */
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { Load } from "../../../providers/aws/queues/load.ts";
import { Outbox } from "../../../providers/aws/queues/outbox.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { fakeClient } from "../../support/fake-client.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: outbox");
const queue = { name: "q", url: "https://sqs/q", fifo: false };

function scene() {
  const sqs = fakeClient<SQSClient>();
  const sns = fakeClient<SNSClient>();
  return { sqs, sns, outbox: new Outbox({ sqs, sns }, new ManualClock(), new Load(5)) };
}

const half = "x".repeat(524_288);
const quarter = "x".repeat(131_072);

test("a request to SQS keeps the byte limit", async () => {
  const { outbox, sqs } = scene();
  await Promise.all([half, half, "x"].map((body) => outbox.send(queue, { body })));
  assert.equal(
    sqs.asked.map(({ input }) => input.Entries.length),
    [2, 1],
  );
});

test("names, types and values of attributes count as bytes", async () => {
  const text = { DataType: "String", StringValue: half.slice(0, -10) };
  const bytes = { DataType: "Binary", BinaryValue: Buffer.alloc(524_278) };
  // A name of 4 and a type of 6 characters: with the value, exactly half a request.
  for (const [attribute, room] of [
    [text, [2, 1]],
    [bytes, [2, 1]],
  ] as const) {
    const { outbox, sqs } = scene();
    const message = { body: "", attributes: { name: attribute } };
    await Promise.all([message, message, { body: "x" }].map((one) => outbox.send(queue, one)));
    assert.equal(
      sqs.asked.map(({ input }) => input.Entries.length),
      [...room],
    );
  }
});

test("a request to SNS keeps the byte limit", async () => {
  const { outbox, sns } = scene();
  await Promise.all([quarter, quarter, "x"].map((body) => outbox.publish("arn:t", { body })));
  assert.equal(
    sns.asked.map(({ input }) => input.PublishBatchRequestEntries.length),
    [2, 1],
  );
});

test("one message of a group is in flight at a time", async () => {
  const { outbox, sns, sqs } = scene();
  const messages = ["1", "2"].map((body) => ({ body, groupId: "g", deduplicationId: body }));
  await Promise.all(messages.map((message) => outbox.send(queue, message)));
  await Promise.all(messages.map((message) => outbox.publish("arn:t", message)));
  assert.equal([sqs.asked.length, sns.asked.length], [2, 2]);
  assert.equal(sqs.asked[0]?.input.Entries[0], {
    Id: "0",
    MessageBody: "1",
    MessageGroupId: "g",
    MessageDeduplicationId: "1",
  });
  assert.equal(sns.asked[1]?.input.PublishBatchRequestEntries[0], {
    Id: "0",
    Message: "2",
    MessageGroupId: "g",
    MessageDeduplicationId: "2",
  });
});

test("a message without a delay requests none", async () => {
  const { outbox, sqs } = scene();
  await outbox.send(queue, { body: "a", delaySeconds: 0 });
  await outbox.send(queue, { body: "b", delaySeconds: 5 });
  assert.equal(
    sqs.asked.map(({ input }) => input.Entries[0].DelaySeconds),
    [undefined, 5],
  );
});

test.run();
