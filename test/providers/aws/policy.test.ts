import * as assert from "uvu/assert";
import { leastPolicy, type PolicyDocument, type PolicyOptions } from "../../../providers/aws/hosting/policy.ts";
import {
  actorDescription,
  actorsFrom,
  collectionStore,
  createHive,
  Event,
  injects,
  isBeeHiveError,
  keyValueStore,
  pulse,
  silentLogger,
  token,
  type ActorClass,
  type ActorDescriptor,
  type ActorOptions,
  type Injectable,
} from "../../../src/index.ts";
import { awsScene, take } from "../../support/aws-hive.ts";
import { enforcing } from "../../support/aws-policy.ts";
import { Staff } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: least policy", { timeoutMs: 30_000 });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Payment {
  processAsync(): never[] {
    return [];
  }
}
actorDescription("OrderAccepted-Payment", { publishes: ["PaymentTaken", "Invoices-Invoices"] })(Payment);
const descriptors = actorsFrom(Payment);

/** Returns whether the policy allows the action on a resource whose ARN ends with `name`. */
function allows({ Statement }: PolicyDocument, action: string, end: string): boolean {
  return Statement.some(
    ({ Action, Resource }) =>
      Action.includes(action) && (Resource === "*" || Resource.some((arn) => arn.endsWith(end))),
  );
}

test("a policy allows what its actors do and nothing else", () => {
  const policy = leastPolicy(descriptors, { prefix: "shop" }, { region: "eu-west-1", account: "123456789012" });
  assert.ok(allows(policy, "sqs:ReceiveMessage", ":eu-west-1:123456789012:shop-OrderAccepted-Payment"));
  assert.ok(allows(policy, "sqs:SendMessage", ":shop-OrderAccepted-Payment--dead"));
  assert.ok(allows(policy, "sqs:SendMessage", ":shop-Invoices"));
  assert.ok(allows(policy, "sns:Publish", ":shop-PaymentTaken"));
  assert.not.ok(allows(policy, "sqs:ReceiveMessage", ":shop-Invoices"));
  assert.not.ok(allows(policy, "sns:Publish", ":shop-OrderAccepted"));
  assert.not.ok(allows(policy, "sqs:ReceiveMessage", "--dead"));
  const actions = policy.Statement.flatMap(({ Action }) => Action);
  assert.not.ok(
    actions.some((action) => /Create|PutBucket|UpdateItem|Batch|Subscribe$|s3:|\*/.test(action)),
    actions.join(),
  );
});

const Orders = collectionStore<{ id: string }>("PolicyOrders");
const Bills = keyValueStore("PolicyBills");

/** A subscription whose actor has these dependencies. */
async function injecting(
  dependencies: readonly Injectable[],
  options: ActorOptions = {},
): Promise<readonly ActorDescriptor[]> {
  class Injects {
    constructor(..._: readonly unknown[]) {}
    processAsync(): void {}
  }
  injects(...(dependencies as never[]))(Injects as never);
  actorDescription("Orders", options)(Injects);
  return actorsFrom(Injects);
}

/** Returns the actions that a policy allows on the table or on the bucket, without service names. */
function actionsOn(service: "dynamodb" | "s3", { Statement }: PolicyDocument): readonly string[] {
  const actions = Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith(`${service}:`));
  return actions.map((action) => action.slice(service.length + 1)).toSorted();
}

test("a policy allows the table and the bucket as far as they are used", async () => {
  const rows = ["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];
  const blobs = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListBucket", "PutObject"];
  class Ledger {
    constructor(..._: readonly unknown[]) {}
  }
  injects(Orders)(Ledger as never);
  const bucket = { bucket: "data" };
  const least = (given: Parameters<typeof leastPolicy>[0], config = {}, options: PolicyOptions = {}): PolicyDocument =>
    leastPolicy(given, config, { controls: false, ...options });
  const controls = ["DeleteItem", "GetItem", "PutItem", "Query"];
  const all = [...rows, "ConditionCheckItem"].toSorted();
  for (const [policy, onTable, onBucket] of [
    [least(await injecting([]), bucket), [], []],
    [least(await injecting([Orders]), bucket), rows, []],
    [least(await injecting([Ledger]), bucket), rows, []],
    [least(await injecting([Bills]), bucket), rows, blobs],
    [least(await injecting([Staff.token]), bucket), all, []],
    [least(await injecting([token("Gateway")]), bucket), all, blobs],
    [least(await injecting([token("Gateway")]), bucket, { stores: false }), [], []],
    [least(await injecting([]), bucket, { stores: true }), all, blobs],
    [least(await injecting([]), bucket, { journal: true }), rows, []],
    [least(await injecting([]), bucket, { pulsers: [pulse("A", { every: 60_000 })] }), rows, []],
    [least(await injecting([], { ordered: true }), bucket), ["GetItem", "PutItem"], []],
    [least(await injecting([]), bucket, { sources: true }), rows, []],
    [leastPolicy([], bucket, { sources: true }), rows, []],
    [least(await injecting([]), { ...bucket, idempotent: true }), ["BatchGetItem", "BatchWriteItem"], []],
    [least(await injecting([]), { ...bucket, claimCheck: true }), [], blobs],
    [least(await injecting([Bills])), rows, []],
    [leastPolicy(await injecting([]), bucket), controls, []],
    [leastPolicy([], bucket, { publishes: ["A"] }), [], []],
  ] as const) {
    assert.equal(actionsOn("dynamodb", policy), [...onTable]);
    assert.equal(actionsOn("s3", policy), [...onBucket]);
  }
});

test("the ARNs of a policy name partition, region and account", () => {
  for (const [region, partition] of [
    ["eu-west-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
  ] as const) {
    const { Statement } = leastPolicy(
      descriptors,
      { region, bucket: "data", claimCheck: true },
      { account: "123456789012" },
    );
    const arns = Statement.flatMap(({ Resource }) => (Resource === "*" ? [] : Resource));
    const start = `arn:${partition}:`;
    assert.ok(
      arns.every(
        (arn) => arn.startsWith(start) && (arn.startsWith(`${start}s3:`) || arn.includes(`:${region}:123456789012:`)),
      ),
    );
  }
  assert.ok(allows(leastPolicy(descriptors), "sqs:ReceiveMessage", "arn:aws:sqs:*:*:beehive-OrderAccepted-Payment"));
  assert.ok(
    allows(
      leastPolicy(descriptors, { region: "eu-west-1" }, { partition: "aws-x", region: "r" }),
      "sns:Publish",
      "arn:aws-x:sns:r:*:beehive-PaymentTaken",
    ),
  );
});

test("an invalid account id is refused", () => {
  for (const account of ["", "12345678901", "my-account", "1234567890123"])
    assert.throws(
      () => leastPolicy(descriptors, {}, { account }),
      (error: unknown) => isBeeHiveError(error, "InvalidConfiguration") && /12 digits/.test(error.message),
    );
});

test("a policy of pulsers allows their publishes", () => {
  const pulsers = [pulse("MinutePassed", { every: 60_000 })];
  const policy = leastPolicy(descriptors, {}, { pulsers });
  assert.ok(allows(policy, "sns:Publish", ":beehive-MinutePassed"));
  assert.not.ok(allows(leastPolicy(descriptors), "sns:Publish", ":beehive-MinutePassed"));
});

test("set-up, dead letters, bucket and inbox add their rights", () => {
  const config = { bucket: "data", idempotent: true, claimCheck: true };
  const policy = leastPolicy(descriptors, config, { setup: true, deadLetters: true });
  assert.ok(allows(policy, "sqs:CreateQueue", "beehive-OrderAccepted-Payment--dead"));
  assert.ok(allows(policy, "sns:Subscribe", "beehive-OrderAccepted"));
  assert.ok(allows(policy, "sqs:ReceiveMessage", "--dead"));
  assert.ok(allows(policy, "s3:GetObject", "data/*"));
  assert.ok(allows(policy, "dynamodb:BatchGetItem", "beehive-beehive"));
});

/** Publishes accepted events, and rejects others. */
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
    test(`under the policy of ${kind} a hive that ${how} works`, async () => {
      const scene = await awsScene({ bucket: "data", idempotent: true, claimCheck: true });
      const actors = taker(ordered);
      const outside = await createHive({ actors, provider: scene.provider });
      if (!setup) await outside.setup();
      const config = { prefix: "test", bucket: "data", idempotent: true, claimCheck: true };
      const place = { account: "000000000000", region: "us-east-1" };
      const policy = leastPolicy(outside.descriptors, config, { ...place, setup, deadLetters: true });
      const denied = new Set<string>();
      scene.servers.interfere = enforcing(policy, denied);
      const topology = setup ? "create" : "check";
      const hive = await createHive({ actors, provider: scene.another(), topology, logger: silentLogger });
      await hive.start();

      // The pushing process has rights of its own.
      scene.servers.interfere = () => undefined;
      const large = "x".repeat(300_000);
      for (const body of [large, "refused"])
        await outside.push(new Event("OrderAccepted", body, { partitionKey: body.slice(0, 9) }));
      scene.servers.interfere = enforcing(policy, denied);

      const name = "OrderAccepted-Payment";
      while ((await hive.queue(name).counts()).dead < 1) await sleep(50);
      await hive.queue(name).requeue({ all: true });
      while ((await hive.queue(name).counts()).dead < 1) await sleep(50);
      assert.is((await hive.health()).ready, true);
      assert.equal([...denied], []);
      await hive.stop();
      scene.servers.interfere = () => undefined;
      assert.is((await take(scene.provider, "Invoices", 1)).length, 1);
      await scene.close();
    });
  }
}

test("under the policy a blob replaced during a read is read again", async () => {
  const scene = await awsScene({ bucket: "data" });
  await scene.provider.setup();
  const place = { account: "000000000000", region: "us-east-1", stores: true };
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
