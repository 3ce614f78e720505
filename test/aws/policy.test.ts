import * as assert from "uvu/assert";
import { leastPolicy, type PolicyDocument } from "../../providers/aws/index.ts";
import { actorDescription, ActorDescriptors, type ActorDescriptor } from "../../src/index.ts";
import { awsScene, eventTo, spec, takeOne } from "../support/aws-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("aws: least policy", { timeoutMs: 30_000 });

class Payment {
  processAsync(): never[] {
    return [];
  }
}
actorDescription("OrderAccepted-Payment", { publishes: ["PaymentTaken", "Invoices-Invoices"] })(Payment);
const descriptors = [...(await ActorDescriptors.from(Payment).toConfiguration().getDescriptors())] as ActorDescriptor[];

/** Whether the policy allows the action on a resource whose ARN ends so. */
function allows({ Statement }: PolicyDocument, action: string, end: string): boolean {
  return Statement.some(
    ({ Action, Resource }) =>
      Action.includes(action) && (Resource === "*" || Resource.some((arn) => arn.endsWith(end))),
  );
}

test("given actors, when their policy is made, then it allows what they do, on what they do it, and nothing else", () => {
  const policy = leastPolicy(descriptors, { prefix: "shop" }, { region: "eu-west-1", account: "123456789012" });
  assert.ok(allows(policy, "sqs:ReceiveMessage", ":eu-west-1:123456789012:shop-OrderAccepted-Payment"));
  assert.ok(allows(policy, "sqs:SendMessage", ":shop-OrderAccepted-Payment--dead"));
  assert.ok(allows(policy, "sqs:SendMessage", ":shop-Invoices"));
  assert.ok(allows(policy, "sns:Publish", ":shop-PaymentTaken"));
  assert.ok(allows(policy, "dynamodb:UpdateItem", ":table/shop-beehive"));
  assert.not.ok(allows(policy, "sqs:ReceiveMessage", ":shop-Invoices"));
  assert.not.ok(allows(policy, "sns:Publish", ":shop-OrderAccepted"));
  assert.not.ok(allows(policy, "sqs:ReceiveMessage", "--dead"));
  const actions = policy.Statement.flatMap(({ Action }) => Action);
  assert.not.ok(
    actions.some((action) => /Create|Put(?!Item)|Subscribe$|s3:|BatchGet|\*/.test(action)),
    actions.join(),
  );
});

test("given set-up, dead letters, a bucket and an inbox, when the policy is made, then it allows what each needs", () => {
  const policy = leastPolicy(descriptors, { bucket: "data", idempotent: true }, { setup: true, deadLetters: true });
  assert.ok(allows(policy, "sqs:CreateQueue", "beehive-OrderAccepted-Payment--dead"));
  assert.ok(allows(policy, "sns:Subscribe", "beehive-OrderAccepted"));
  assert.ok(allows(policy, "sqs:ReceiveMessage", "--dead"));
  assert.ok(allows(policy, "s3:GetObject", "data/*"));
  assert.ok(allows(policy, "dynamodb:BatchGetItem", "beehive-beehive"));
});

test("given what a hive really asks for, when the policy is held against it, then each action is in it", async () => {
  const scene = await awsScene({ bucket: "data", idempotent: true });
  const { provider } = scene;
  await provider.queues.ensure([
    spec("OrderAccepted-"),
    spec("PaymentTaken-"),
    spec("Invoices"),
    spec("OrderAccepted-Payment"),
  ]);
  const asked = new Set<string>();
  scene.servers.interfere = ({ action }) => {
    asked.add(
      action
        .replace(/^(sqs|sns):(\w+?)Batch$/, "$1:$2")
        .replace("s3:PUT", "s3:PutObject")
        .replace("s3:GET", "s3:GetObject")
        .replace("s3:DELETE", "s3:DeleteObject"),
    );
    return undefined;
  };
  const fresh = scene.another();
  const outside = scene.another({ idempotent: false });
  await outside.queues.push([eventTo("OrderAccepted-", 1)]);
  const lease = await takeOne(fresh, "OrderAccepted-Payment");
  await fresh.queues.renew([lease], 60_000);
  await fresh.stores.keyValue("Bills").upsert("a", "1");
  await fresh.stores.keyValue("Bills").delete("a");
  await fresh.stores.counters.increment("Stock", "a", 1, { once: "x" });
  await fresh.queues.commit(lease, [eventTo("PaymentTaken-", 1), eventTo("Invoices", 1)]);
  await fresh.queues.counts(lease.queueName);
  const policy = leastPolicy(descriptors, { prefix: "test", bucket: "data", idempotent: true });
  const allowed = new Set(policy.Statement.flatMap(({ Action }) => Action));
  await scene.close();
  assert.equal(
    [...asked].filter((action) => !allowed.has(action)),
    [],
  );
});

test.run();
