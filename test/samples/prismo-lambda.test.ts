/** The file that `npm run build:lambda` makes, run alone with the events of a queue, as Lambda does. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { actorsFrom, createHive, QueueName, silentLogger, type Hive } from "beehive-actors";
import type { SqsHandler } from "beehive-actors/aws/lambda";
import { Container } from "inversify";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import * as actors from "../../samples/prismo/actors/index.ts";
import { runPrismo } from "../../samples/prismo/app.ts";
import { acceptOrders } from "../../samples/prismo/intake.ts";
import { Seed } from "../../samples/prismo/seed.ts";
import { prismoStores } from "../../samples/prismo/stores.ts";
import { awsScene, type AwsScene } from "../support/aws-hive.ts";
import { orderOf } from "../support/prismo.ts";
import { receiveRecords } from "../support/sqs-records.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo as a Lambda function", { timeoutMs: 60_000 });
/** The `--lease` of deploy/aws/lambda.yaml, in ms. */
const lease = 150_000;
let scene: AwsScene;
let hive: Hive;
let sqs: SQSClient;
let handler: SqsHandler | undefined;

test.before(async () => {
  await promisify(execFile)("node_modules/.bin/tsx", ["scripts/build-lambda.ts"]);
  scene = await awsScene({ prefix: "prismo" });
  sqs = new SQSClient({ endpoint: scene.servers.endpoint });
  // Creates the queues, as in docs/aws.md, with its own provider, whose last polls end with it.
  const worker = scene.another();
  await runPrismo([], [], { provider: worker, lease });
  await worker.close();
  const container = new Container();
  container.bind(Seed).toConstantValue(1);
  hive = await createHive({ actors, container, provider: scene.provider, logger: silentLogger });
});
test.after(async () => {
  await handler?.close();
  await hive.stop();
  sqs.destroy();
  await scene.close();
});

test("the bundle pays an accepted order and publishes its outputs", async () => {
  process.env["BEEHIVE_PROVIDER"] = `aws:?prefix=prismo&endpoint=${encodeURIComponent(scene.servers.endpoint)}`;
  const bundle = (await import(pathToFileURL(resolve("dist-lambda/index.mjs")).href)) as { handler: SqsHandler };
  delete process.env["BEEHIVE_PROVIDER"];
  handler = bundle.handler;
  await acceptOrders(hive, [orderOf("1", { lamp: 1 })]);

  const { url } = await scene.provider.queues.addressOf(QueueName.parse("OrderAccepted-Payment"));
  const records = await receiveRecords(sqs, url);
  assert.is(records.length, 1);
  const response = await handler({ Records: records }, { getRemainingTimeInMillis: () => 25_000 });

  assert.equal(response, { batchItemFailures: [] });
  assert.is((await prismoStores(hive.provider.stores).payments.get("1")).status, "authorised");
  assert.is((await hive.queue("PaymentAuthorised-FraudCheck").counts()).ready, 1);
});

interface Template {
  readonly Description: string;
  readonly Globals: { readonly Function: { readonly Timeout: number } };
  readonly Resources: { readonly "Fn::ForEach::Subscriptions": readonly [string, readonly string[], object] };
}

async function template(): Promise<Template> {
  // Ignore the tags of CloudFormation.
  return parse(await readFile("deploy/aws/lambda.yaml", "utf8"), { logLevel: "silent" }) as Template;
}

test("the template names exactly the subscriptions of the actors", async () => {
  const { "Fn::ForEach::Subscriptions": subscriptions } = (await template()).Resources;
  const descriptors = actorsFrom(actors);
  assert.equal(subscriptions[1].toSorted(), [...descriptors].map(({ queueName }) => String(queueName)).toSorted());
});

test("the lease of the template makes a visibility of six timeouts", async () => {
  const { Description, Globals } = await template();
  assert.match(Description, `--lease ${lease}`);
  const { url } = await scene.provider.queues.addressOf(QueueName.parse("OrderAccepted-Payment"));
  const request = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["VisibilityTimeout"] });
  const visibility = Number((await sqs.send(request)).Attributes?.["VisibilityTimeout"]);
  assert.ok(visibility >= 6 * Globals.Function.Timeout, `${visibility} s`);
});

test.run();
