/** `hive.whenIdle()` while the counts of SQS lag. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  actorDescription,
  createHive,
  Event,
  RetryLater,
  silentLogger,
  type ActorContext,
  type ProcessorActor,
} from "beehive-actors";
import * as assert from "uvu/assert";
import { awsScene } from "../../support/aws-hive.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: idle", { timeoutMs: 30_000 });

test("a hive is idle only after events sent just now are handled", async () => {
  const scene = await awsScene();
  let handled = 0;
  @actorDescription("Lagging-First", { publishes: ["LaggingToo"] })
  class First implements ProcessorActor {
    async processAsync(): Promise<Event[]> {
      handled++;
      return [new Event("LaggingToo")];
    }
  }
  @actorDescription("LaggingToo-Second")
  class Second implements ProcessorActor {
    async processAsync(): Promise<void> {
      handled++;
    }
  }
  // The counts of all queues during the test.
  scene.servers.interfere = ({ action }) =>
    action === "sqs:GetQueueAttributes"
      ? (answer) => answer.replaceAll(/("ApproximateNumberOfMessages\w*":\s*)"\d+"/g, '$1"0"')
      : undefined;
  // Sent events take a while to arrive.
  scene.servers.delay = ({ action }) => (action === "sqs:ReceiveMessage" ? sleep(500) : undefined);
  const hive = await createHive({ actors: [First, Second], provider: scene.provider, logger: silentLogger });
  try {
    await hive.start();
    await hive.push(Array.from({ length: 20 }, () => new Event("Lagging")));
    await hive.whenIdle();
    assert.is(handled, 40);
  } finally {
    await hive.stop();
    await scene.close();
  }
});

test("a hive is idle only after an event waiting for its retry is handled", async () => {
  const scene = await awsScene();
  let handled = 0;
  @actorDescription("Retried-Only", { retry: { jitter: 0 } })
  class Only implements ProcessorActor {
    async processAsync(_: Event, { attempt }: ActorContext): Promise<void> {
      if (attempt === 1) throw new RetryLater(4_000);
      handled++;
    }
  }
  scene.servers.interfere = ({ action }) =>
    action === "sqs:GetQueueAttributes"
      ? (answer) => answer.replaceAll(/("ApproximateNumberOfMessages\w*":\s*)"\d+"/g, '$1"0"')
      : undefined;
  const hive = await createHive({ actors: Only, provider: scene.provider, logger: silentLogger });
  try {
    await hive.start();
    await hive.push(new Event("Retried"));
    await hive.whenIdle();
    assert.is(handled, 1);
  } finally {
    await hive.stop();
    await scene.close();
  }
});

test.run();
