/** Leases near the end of their 12 hours, on a clock that stands still. */
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { AwsLease } from "../../../providers/aws/queues/lease.ts";
import { Load } from "../../../providers/aws/queues/load.ts";
import { Outbox } from "../../../providers/aws/queues/outbox.ts";
import { receivedFrom } from "../../../providers/aws/queues/received.ts";
import { FifoRedeliveryStates } from "../../../providers/aws/queues/redelivery-state.ts";
import { Settlement } from "../../../providers/aws/queues/settlement.ts";
import { Event, QueueName } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { fakeClient } from "../../support/fake-client.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: settlement");
const hours = 3_600_000;

/** A lease on a message received `ageMs` ago. */
function scene(ageMs: number, handedOver = false) {
  const clock = new ManualClock();
  const sqs = fakeClient<SQSClient>();
  const load = new Load(5);
  const outbox = new Outbox({ sqs, sns: fakeClient<SNSClient>() }, clock, load);
  const settlement = new Settlement({
    outbox,
    redeliveries: new FifoRedeliveryStates({} as never, clock),
    load,
    clock,
  });
  const lease = new AwsLease({
    event: new Event("Happened", 1),
    queueName: QueueName.parse("Orders"),
    attempt: 1,
    firstSeen: 0,
    address: { name: "q", url: "https://sqs/q", fifo: false },
    received: receivedFrom({ MessageId: "m", ReceiptHandle: "r", Body: "1" }, clock.now() - ageMs),
    expiresAt: clock.now() + 500,
    handedOver,
  });
  const failures: unknown[] = [];
  const renew = (leaseMs: number): Promise<boolean> =>
    settlement.renew(lease, leaseMs, (error) => failures.push(error));
  return { clock, sqs, lease, renew, failures, settlement };
}

test("a renewed lease ends before its visibility", async () => {
  const { clock, sqs, lease, renew, failures } = scene(0);
  assert.is(await renew(30_000), true);
  assert.is(sqs.asked[0]?.input.Entries[0].VisibilityTimeout, 31);
  assert.equal([lease.expiresAt - clock.now(), failures], [30_000, []]);
});

test("a renewal near the end of the 12 hours sends no request", async () => {
  const { sqs, renew, lease, clock } = scene(12 * hours - 1_500);
  assert.is(await renew(30_000), true);
  assert.equal([sqs.asked, lease.expiresAt - clock.now()], [[], 500]);
});

test("settling a message of Lambda sends no request to SQS", async () => {
  const { sqs, renew, lease, settlement } = scene(0, true);
  assert.is(await renew(30_000), true);
  await settlement.deleteMessage(lease);
  assert.equal([sqs.asked, lease.removed], [[], true]);
});

test("a lease that ended is not renewed", async () => {
  const { sqs, renew, clock } = scene(0);
  await clock.advance(501);
  assert.is(await renew(30_000), false);
  assert.equal(sqs.asked, []);
});

test.run();
