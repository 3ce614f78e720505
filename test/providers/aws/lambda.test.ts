/** Actors as a Lambda function, and the failures that it reports. */
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSHandler } from "aws-lambda";
import { Container } from "inversify";
import * as assert from "uvu/assert";
import {
  sqsHandler,
  type SqsHandler,
  type SqsHandlerOptions,
  type SqsRecord,
} from "../../../providers/aws/hosting/lambda.ts";
import {
  actorDescription,
  Event,
  injects,
  QueueName,
  RejectEvent,
  RetryLater,
  silentLogger,
  token,
  type ActorContext,
  type ActorOptions,
} from "../../../src/index.ts";
import { batchActor } from "../../../src/testing/contracts/hive/harness.ts";
import { awsScene, eventTo, spec, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import { receiveRecords } from "../../support/sqs-records.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: lambda", { timeoutMs: 30_000 });
let scene: AwsScene;
let sqs: SQSClient;
let queues = 0;
const handlers: SqsHandler[] = [];
test.before(async () => {
  scene = await awsScene();
  sqs = new SQSClient({ endpoint: scene.servers.endpoint, region: "us-east-1" });
  await scene.provider.setup();
  await scene.provider.queues.ensure([spec("Out")]);
});
test.after(async () => {
  sqs.destroy();
  await Promise.all(handlers.map((handler) => handler.close()));
  await scene.close();
});

type Work = (event: Event, context: ActorContext) => unknown;

/** A queue with events, and a function that reads it. */
async function lambda(work: Work, bodies: readonly unknown[], options: ActorOptions & Partial<SqsHandlerOptions> = {}) {
  const name = `Lambda${++queues}`;
  const { ordered = false, retry, parallelism, ...more } = options;
  await scene.provider.queues.ensure([spec(name, { ordered })]);
  await scene.provider.queues.push(bodies.map((body) => eventTo(name, body, { partitionKey: "k" })));
  class OnLambda {
    processAsync(event: Event, context: ActorContext): never {
      return work(event, context) as never;
    }
  }
  actorDescription(name, {
    ordered,
    publishes: ["Out-Out"],
    retry: { minDelay: 5_000, jitter: 0, ...retry },
    ...(parallelism && { parallelism }),
  })(OnLambda);
  const handler = sqsHandler({
    actors: [OnLambda],
    provider: { prefix: "test", endpoint: scene.servers.endpoint },
    logger: silentLogger,
    environment: {},
    ...more,
  });
  handlers.push(handler);
  return { name, handler, records: (count: number) => receive(name, count) };
}

/** Receives messages as Lambda hands them over. */
async function receive(name: string, count: number): Promise<SqsRecord[]> {
  const { url, name: queueName } = await scene.provider.queues.addressOf(QueueName.parse(name));
  const records: SqsRecord[] = [];
  while (records.length < count) {
    records.push(...(await receiveRecords(sqs, url)));
    // Lambda may hand over several events of a group; this server does not.
    if (queueName.endsWith(".fifo")) break;
  }
  return records;
}

const inTime = (ms = 60_000): { getRemainingTimeInMillis(): number } => ({ getRemainingTimeInMillis: () => ms });
const failedOf = (response: { readonly batchItemFailures: { itemIdentifier: string }[] }): string[] =>
  response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
const bodyIn = ({ body }: SqsRecord): unknown => (JSON.parse(body) as { readonly data?: unknown }).data;

test("a batch that succeeds reports no failures and deletes nothing itself", async () => {
  const { handler, records } = await lambda((event) => [new Event("Next", event.getBody(), { queueName: "Out" })], [1]);
  const batch = await records(1);
  const deletes = scene.servers.counts.get("sqs:DeleteMessageBatch");
  assert.equal(await handler({ Records: batch }, inTime()), { batchItemFailures: [] });
  assert.equal(scene.servers.counts.get("sqs:DeleteMessageBatch"), deletes);
  const out = await takeOne(scene.provider, "Out");
  assert.is(out.event.getBody(), 1);
  await scene.provider.queues.commit(out, []);
});

test("failed events of a batch are reported and come back after their delay", async () => {
  const { handler, records } = await lambda(
    (event) => {
      if (event.getBody<number>() % 2 === 1) throw new Error("odd");
    },
    [0, 1, 2, 3],
  );
  const batch = await records(4);
  const changed: unknown[] = [];
  scene.servers.interfere = ({ action, body }) => {
    if (action === "sqs:ChangeMessageVisibilityBatch")
      changed.push(
        ...(JSON.parse(body) as { readonly Entries: { VisibilityTimeout: number }[] }).Entries.map(
          ({ VisibilityTimeout }) => VisibilityTimeout,
        ),
      );
    return undefined;
  };
  const failed = failedOf(await handler({ Records: batch }, inTime()));
  scene.servers.interfere = () => undefined;
  const odd = batch.filter((record) => (bodyIn(record) as number) % 2 === 1).map(({ messageId }) => messageId);
  assert.equal(failed.toSorted(), odd.toSorted());
  assert.equal(changed, [5, 5]);
});

test("an actor of batches gets that of Lambda, and fails one event of it", async () => {
  const name = `Lambda${++queues}`;
  await scene.provider.queues.ensure([spec(name)]);
  await scene.provider.queues.push(["a", "bad", "c"].map((body) => eventTo(name, body)));
  const seen: unknown[] = [];
  const handler = sqsHandler({
    actors: batchActor(name, (events, context) => {
      seen.push(events.map((event) => event.getBody<string>()).toSorted());
      for (const event of events) if (event.getBody() === "bad") context.fail(event, new Error("not now"));
    }),
    provider: { prefix: "test", endpoint: scene.servers.endpoint },
    logger: silentLogger,
    environment: {},
  });
  handlers.push(handler);
  const batch = await receive(name, 3);
  const failed = failedOf(await handler({ Records: batch }, inTime()));
  assert.equal(seen, [["a", "bad", "c"]]);
  assert.equal(
    failed,
    batch.filter((record) => bodyIn(record) === "bad").map(({ messageId }) => messageId),
  );
});

test("an event that asks for the dead letters is not reported as failed", async () => {
  const { handler, records, name } = await lambda(() => {
    throw new RejectEvent("never");
  }, ["no"]);
  assert.equal(await handler({ Records: await records(1) }, inTime()), { batchItemFailures: [] });
  for await (const letter of scene.provider.queues.deadLetters(QueueName.parse(name)))
    assert.is(letter.reason, "never");
  assert.is((await scene.provider.queues.counts(QueueName.parse(name))).dead, 1);
});

test("an event that fails its last attempt is dead-lettered", async () => {
  const attempts: number[] = [];
  const { handler, records, name } = await lambda(
    (_, { attempt }) => {
      attempts.push(attempt);
      throw new RetryLater(0);
    },
    ["again"],
    { retry: { maxAttempts: 2 } },
  );
  assert.is(failedOf(await handler({ Records: await records(1) }, inTime())).length, 1);
  assert.is(failedOf(await handler({ Records: await records(1) }, inTime())).length, 0);
  assert.equal(attempts, [1, 2]);
  assert.is((await scene.provider.queues.counts(QueueName.parse(name))).dead, 1);
});

test("an unreadable body is dead-lettered at once", async () => {
  const { handler, records, name } = await lambda((event) => void event.getBody(), ["x"]);
  const batch = (await records(1)).map((record) => ({ ...record, body: "no JSON" }));
  assert.equal(await handler({ Records: batch }, inTime()), { batchItemFailures: [] });
  assert.is((await scene.provider.queues.counts(QueueName.parse(name))).dead, 1);
});

test("an unfinished event is reported as failed and its signal aborts", async () => {
  let reason: unknown;
  const { handler, records } = await lambda(
    (event, { signal }) =>
      event.getBody() === "slow"
        ? new Promise<void>((resolve) => signal.addEventListener("abort", () => ((reason = signal.reason), resolve())))
        : [],
    ["slow", "quick"],
  );
  const batch = await records(2);
  const failed = failedOf(await handler({ Records: batch }, inTime(2_500)));
  assert.equal(
    failed,
    batch.filter((record) => bodyIn(record) === "slow").map(({ messageId }) => messageId),
  );
  while (reason === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is((reason as { readonly code?: string }).code, "LeaseLost");
});

test("an actor that ignores its signal does not delay the response", async () => {
  const begun: unknown[] = [];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { handler, records } = await lambda(
    async (event) => {
      begun.push(event.getBody());
      await ended;
    },
    ["a", "b"],
    { parallelism: 1 },
  );
  const batch = await records(2);
  assert.is(failedOf(await handler({ Records: batch }, inTime(1_300))).length, 2);
  end();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.is(begun.length, 1);
});

test("in a FIFO batch a failure sends the rest back, uncounted", async () => {
  const seen: unknown[] = [];
  const { handler, records, name } = await lambda(
    (event, { attempt }) => {
      seen.push([event.getBody(), attempt]);
      if (event.getBody() === "b" && attempt === 1) throw new RetryLater(0);
    },
    [],
    { ordered: true },
  );
  // One group for each event, so that this server hands over several; Lambda's batch is ordered all the same.
  for (const body of ["a", "b", "c", "d"])
    await scene.provider.queues.push([eventTo(name, body, { partitionKey: body })]);
  const batch: SqsRecord[] = [];
  while (batch.length < 4) batch.push(...(await records(4)));
  batch.sort((one, other) => String(bodyIn(one)).localeCompare(String(bodyIn(other))));
  const failed = failedOf(await handler({ Records: batch }, inTime()));
  assert.equal(
    failed,
    batch.slice(1).map(({ messageId }) => messageId),
  );
  const rest: SqsRecord[] = [];
  while (rest.length < 3) rest.push(...(await records(3)));
  rest.sort((one, other) => String(bodyIn(one)).localeCompare(String(bodyIn(other))));
  assert.equal(await handler({ Records: rest }, inTime()), { batchItemFailures: [] });
  assert.equal(seen, [
    ["a", 1],
    ["b", 1],
    ["b", 2],
    ["c", 1],
    ["d", 1],
  ]);
});

test("middleware and bindings work as on a worker", async () => {
  const Greeting = token<string>("Greeting");
  const seen: string[] = [];
  class Greets {
    constructor(readonly greeting: string) {}
    processAsync(event: Event): void {
      seen.push(`${this.greeting} ${event.getBody<string>()}`);
    }
  }
  injects(Greeting)(Greets);
  const name = `Lambda${++queues}`;
  actorDescription(name)(Greets);
  await scene.provider.queues.ensure([spec(name)]);
  await scene.provider.queues.push([eventTo(name, "bee")]);
  const container = new Container();
  container.bind(Greeting).toConstantValue("hello");
  const handler = sqsHandler({
    actors: [Greets],
    container,
    defaults: { middleware: [(_event, _context, next) => (seen.push("around"), next())] },
    provider: { prefix: "test", endpoint: scene.servers.endpoint },
    logger: silentLogger,
  });
  handlers.push(handler);
  assert.equal(await handler({ Records: await receive(name, 1) }, inTime()), { batchItemFailures: [] });
  assert.equal(seen, ["around", "hello bee"]);
});

test("a message of a queue that no actor reads fails the whole call", async () => {
  const { handler, records } = await lambda(() => [], ["x"]);
  const batch = (await records(1)).map((record) => ({
    ...record,
    eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:other",
  }));
  try {
    await handler({ Records: batch }, inTime());
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /No actor of this function reads/);
  }
});

test("a handler has the type SQSHandler of AWS", async () => {
  const { handler } = await lambda(() => [], []);
  const typed: SQSHandler = handler;
  const empty: SQSEvent = { Records: [] };
  assert.equal(await handler(empty, inTime()), { batchItemFailures: [] });
  assert.type(typed, "function");
});

test.run();
