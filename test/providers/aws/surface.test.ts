/** The bindings of AsyncAPI, beside the queues that a set-up makes. */
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as assert from "uvu/assert";
import { awsSurface } from "../../../providers/aws/surface.ts";
import { QueueName } from "../../../src/index.ts";
import { awsScene, spec } from "../../support/aws-hive.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: bindings of AsyncAPI", { timeoutMs: 30_000 });

interface Queue {
  readonly name: string;
  readonly fifoQueue: boolean;
  readonly visibilityTimeout: number;
  readonly messageRetentionPeriod: number;
  readonly redrivePolicy: { readonly maxReceiveCount: number; readonly deadLetterQueue: { readonly name: string } };
}

test("bindings name queues and settings as a set-up makes them", async () => {
  const scene = await awsScene();
  const sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  const specs = [
    spec("Orders-"),
    spec("Orders-Payment", { leaseMs: 45_000, maxAttempts: 3 }),
    spec("Orders-Archive", { ordered: true }),
    spec("Invoices", { leaseMs: 5_000 }),
  ];
  await scene.provider.queues.ensure(specs);
  const surface = awsSurface("aws:?prefix=test");
  const { bindings } = surface.channel(specs[3] as (typeof specs)[number], []);
  const reading = specs.slice(1, 3).map((one) => surface.reading(one)["sqs"] as { readonly queues: readonly Queue[] });
  const queues = [...reading.map((one) => one.queues[0]), (bindings["sqs"] as { readonly queue: Queue }).queue];
  for (const [index, name] of ["Orders-Payment", "Orders-Archive", "Invoices"].entries()) {
    const { url } = await scene.provider.queues.addressOf(QueueName.parse(name));
    const request = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] });
    const { Attributes: made = {} } = await sqs.send(request);
    const redrive = JSON.parse(made["RedrivePolicy"] ?? "{}") as Record<string, string | number>;
    assert.equal(queues[index], {
      name: made["QueueArn"]?.split(":").at(-1),
      fifoQueue: made["FifoQueue"] === "true",
      messageRetentionPeriod: Number(made["MessageRetentionPeriod"]),
      visibilityTimeout: Number(made["VisibilityTimeout"]),
      redrivePolicy: {
        deadLetterQueue: { name: `${redrive["deadLetterTargetArn"]}`.split(":").at(-1) },
        maxReceiveCount: Number(redrive["maxReceiveCount"]),
      },
    });
  }
  sqs.destroy();
  await scene.close();
});

test("a region of China has servers of its own", () => {
  assert.is(awsSurface("aws:?region=cn-north-1").servers["sqs"]?.host, "sqs.cn-north-1.amazonaws.com.cn");
});

test.run();
