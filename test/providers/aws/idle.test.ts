/** `hive.idle()` where the counts of SQS lag behind what was sent. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import {
  actorDescription,
  createHive,
  Event,
  RetryLater,
  silentLogger,
  type ActorContext,
  type ProcessorActor,
} from "beehive-actors";
import { awsScene } from "../../support/aws-hive.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: idle", { timeoutMs: 30_000 });

test("given counts that say that nothing waits, when events were sent a moment ago, then a hive is idle only once they are handled", async () => {
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
  // What SQS says of all its queues, for as long as the test lasts.
  scene.servers.interfere = ({ action }) =>
    action === "sqs:GetQueueAttributes"
      ? (answer) => answer.replaceAll(/("ApproximateNumberOfMessages\w*":\s*)"\d+"/g, '$1"0"')
      : undefined;
  // And what was sent takes a while to come.
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

test("given counts that say that nothing waits, when an event waits for its retry, then a hive is idle only once it is handled", async () => {
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
