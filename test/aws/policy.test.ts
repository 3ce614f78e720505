import * as assert from "uvu/assert";
import { leastPolicy, type PolicyDocument } from "../../providers/aws/index.ts";
import {
  actorDescription,
  ActorDescriptors,
  createHive,
  Event,
  pulse,
  silentLogger,
  type ActorClass,
  type ActorDescriptor,
} from "../../src/index.ts";
import { awsScene, take } from "../support/aws-hive.ts";
import { enforcing } from "../support/aws-policy.ts";
import { suite } from "../support/suite.ts";

const test = suite("aws: least policy", { timeoutMs: 30_000 });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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

test("given pulsers, when the policy is made, then it allows to publish what they do", () => {
  const pulsers = [pulse("MinutePassed", { every: 60_000 })];
  const policy = leastPolicy(descriptors, {}, { pulsers });
  assert.ok(allows(policy, "sns:Publish", ":beehive-MinutePassed"));
  assert.not.ok(allows(leastPolicy(descriptors), "sns:Publish", ":beehive-MinutePassed"));
});

test("given set-up, dead letters, a bucket and an inbox, when the policy is made, then it allows what each needs", () => {
  const policy = leastPolicy(descriptors, { bucket: "data", idempotent: true }, { setup: true, deadLetters: true });
  assert.ok(allows(policy, "sqs:CreateQueue", "beehive-OrderAccepted-Payment--dead"));
  assert.ok(allows(policy, "sns:Subscribe", "beehive-OrderAccepted"));
  assert.ok(allows(policy, "sqs:ReceiveMessage", "--dead"));
  assert.ok(allows(policy, "s3:GetObject", "data/*"));
  assert.ok(allows(policy, "dynamodb:BatchGetItem", "beehive-beehive"));
});

/** Publishes what it takes, and refuses the rest. */
function taker(ordered: boolean): ActorClass {
  class Taker {
    processAsync(event: Event): Event[] {
      const what = event.getBody<string>();
      if (what === "refused") throw new Error("refused");
      return [
        new Event("PaymentTaken", what, { partitionKey: "k" }),
        new Event("Invoice", 1, { queueName: "Invoices", partitionKey: "k" }),
      ];
    }
  }
  const publishes = ["PaymentTaken", "Invoices-Invoices"];
  actorDescription("OrderAccepted-Payment", { publishes, ordered, retry: { maxAttempts: 1 } })(Taker);
  return Taker;
}

for (const ordered of [false, true]) {
  for (const setup of [false, true]) {
    const kind = ordered ? "an ordered actor" : "an actor";
    const how = setup ? "sets itself up" : "finds all made";
    test(`given AWS that allows no more than the policy of ${kind}, when its hive ${how} and works, then nothing is refused and it is ready`, async () => {
      const scene = await awsScene({ bucket: "data", idempotent: true, claimCheck: true });
      const actors = taker(ordered);
      const outside = await createHive({ actors, provider: scene.provider });
      if (!setup) await outside.setup();
      const config = { prefix: "test", bucket: "data", idempotent: true };
      const place = { account: "000000000000", region: "us-east-1" };
      const policy = leastPolicy(outside.descriptors, config, { ...place, setup, deadLetters: true });
      const denied = new Set<string>();
      scene.servers.interfere = enforcing(policy, denied);
      const topology = setup ? "create" : "check";
      const hive = await createHive({ actors, provider: scene.another(), topology, logger: silentLogger });
      await hive.start();

      // Who pushes has rights of its own.
      scene.servers.interfere = () => undefined;
      const large = "x".repeat(300_000);
      for (const body of [large, "refused"])
        await outside.push(new Event("OrderAccepted", body, { partitionKey: body.slice(0, 9) }));
      scene.servers.interfere = enforcing(policy, denied);

      const name = "OrderAccepted-Payment";
      while ((await hive.counts(name)).dead < 1) await sleep(50);
      await hive.requeue(name, { all: true });
      while ((await hive.counts(name)).dead < 1) await sleep(50);
      assert.is((await hive.health()).ready, true);
      assert.equal([...denied], []);
      await hive.stop();
      scene.servers.interfere = () => undefined;
      assert.is((await take(scene.provider, "Invoices", 1)).length, 1);
      await scene.close();
    });
  }
}

test("given AWS that allows no more than the policy, when a blob is replaced while it is read, then what it is now is read", async () => {
  const scene = await awsScene({ bucket: "data" });
  await scene.provider.queues.ensure([]);
  const place = { account: "000000000000", region: "us-east-1" };
  const denied = new Set<string>();
  scene.servers.interfere = enforcing(leastPolicy(descriptors, { prefix: "test", bucket: "data" }, place), denied);
  const bills = scene.provider.stores.keyValue("Bills");
  await bills.upsert("a", "old");
  let reads = 0;
  scene.servers.delay = async ({ action }) => {
    if (action === "s3:GET" && reads++ === 0) await bills.upsert("a", "new");
  };
  const { body } = await scene.another().stores.keyValue("Bills").get("a");
  assert.is(Buffer.from(body).toString(), "new");
  assert.equal([...denied], []);
  await scene.close();
});

test.run();
