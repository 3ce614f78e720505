/** Actors as functions: the host is simulated, the functions are real. */
import { app } from "@azure/functions";
import { ServiceBusClient, type ServiceBusReceivedMessage } from "@azure/service-bus";
import * as assert from "uvu/assert";
import {
  actorFunctions,
  pulserFunction,
  timerSchedule,
  type FunctionsApp,
} from "../../../providers/azure/hosting/functions.ts";
import { fromTrigger } from "../../../providers/azure/hosting/trigger-message.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { AzureLease } from "../../../providers/azure/queues/lease.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import type { LeaseRequest } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { createHive, Event, pulse, RejectEvent, silentLogger } from "../../../src/index.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { actor, batchActor } from "../../../src/testing/contracts/hive/harness.ts";
import * as contracts from "../../../src/testing/index.ts";
import { startAzureServers } from "../../support/azure-servers.ts";
import { runContract } from "../../support/run-contract.ts";
import { suite } from "../../support/suite.ts";

const servers = await startAzureServers({ cloud: false });
const { connectionString } = servers.broker as ServiceBusBroker;
const clock = new contracts.ForgetfulClock();
const provider = await AzureProvider.open({ ...servers.options, clock });
const host = new ServiceBusClient(connectionString);
let names = 0;
const newName = (): string => `Fn${Date.now().toString(36)}n${++names}`;

/** Returns the metadata of a message as the host passes it: JSON, with counts from 1. */
function metadataOf(message: ServiceBusReceivedMessage): Record<string, unknown> {
  const {
    messageId,
    lockToken,
    contentType,
    correlationId,
    subject,
    applicationProperties,
    enqueuedTimeUtc,
    lockedUntilUtc,
  } = message;
  const told = {
    messageId,
    lockToken,
    contentType,
    correlationId,
    subject,
    applicationProperties,
    enqueuedTimeUtc,
    lockedUntilUtc,
  };
  return JSON.parse(JSON.stringify({ ...told, deliveryCount: (message.deliveryCount ?? 0) + 1 })) as Record<
    string,
    unknown
  >;
}

function pathOf(name: QueueName): string {
  const { entity, subscription } = provider.queues.addressOf(name);
  return subscription === "" ? entity : `${entity}/Subscriptions/${subscription}`;
}

async function receive(name: QueueName, max: number, waitMs: number): Promise<ServiceBusReceivedMessage[]> {
  const receiver = host.createReceiver(pathOf(name), {
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
  });
  const messages = await receiver.receiveMessages(max, { maxWaitTimeInMs: waitMs });
  return messages;
}

/** A provider whose leases are adopted from messages of the host. */
const triggered: Provider = {
  name: provider.name,
  capabilities: { ...provider.capabilities, ordering: "Functions keep no order: their triggers take no sessions." },
  stores: provider.stores,
  queues: new Proxy(provider.queues, {
    get(target, property) {
      if (property === "lease") return lease;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  }),
  beginStep: (one: AzureLease) => provider.beginStep(one),
  close: () => provider.close(),
};

async function lease(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<readonly AzureLease[]> {
  const deadline = Date.now() + waitMs;
  while (!signal.aborted && Date.now() < deadline) {
    const messages = await receive(name, max, 100);
    const leases = await Promise.all(
      messages.map((one) => provider.queues.adopt(fromTrigger(one.body, metadataOf(one)), name, leaseMs)),
    );
    const held = leases.filter((one) => one !== undefined);
    if (held.length > 0) return held;
  }
  return [];
}

runContract("Azure functions: hive", contracts.hiveContract, { provider: triggered, clock, leaseMs: 2_000, newName });

const test = suite("Azure functions", { timeoutMs: 30_000 });

interface Registered {
  readonly name: string;
  readonly options: Record<string, unknown> & { handler: (...parameters: unknown[]) => Promise<void> };
}

function recordingApp(): { app: FunctionsApp; registered: Registered[] } {
  const registered: Registered[] = [];
  const register = (name: string, options: object): void =>
    void registered.push({ name, options: options as Registered["options"] });
  return { app: { serviceBusQueue: register, serviceBusTopic: register, timer: register }, registered };
}

test("each actor has its trigger and settles its messages", async () => {
  const [topic, queue] = [newName(), newName()];
  const seen: unknown[] = [];
  const actors = [
    actor(
      `${topic}-Reader`,
      (event, { attempt }) => {
        seen.push([event.getBody(), attempt]);
        if (event.getBody() === "bad") throw new Error("never");
      },
      { retry: { maxAttempts: 1 } },
    ),
    actor(queue, () => []),
  ];
  const hive = await createHive({ actors, provider, logger: silentLogger });
  await hive.setup();
  const { app: recorded, registered } = recordingApp();
  actorFunctions(recorded, hive);
  assert.equal(
    registered.map(({ name, options }) => [
      name,
      options["topicName"] ?? options["queueName"],
      options["subscriptionName"],
      options["connection"],
    ]),
    [
      [`${topic}-Reader`, topic, "Reader", "AZURE_SERVICEBUS_CONNECTION_STRING"],
      [queue, `queue-${queue}`, undefined, "AZURE_SERVICEBUS_CONNECTION_STRING"],
    ],
  );
  await hive.push([new Event(topic, "good"), new Event(topic, "bad")]);
  const [first] = registered;
  assert.ok(first);
  const name = hive.descriptors[0]?.queueName as QueueName;
  const messages = await receive(name, 2, 2_000);
  assert.is(messages.length, 2);
  await Promise.all(
    messages.map((message) => first.options.handler(message.body, { triggerMetadata: metadataOf(message) })),
  );
  assert.equal(
    seen.toSorted((a, b) => String(a).localeCompare(String(b))),
    [
      ["bad", 1],
      ["good", 1],
    ],
  );
  const { ready, dead } = await provider.queues.counts(name);
  assert.equal([ready, dead], [0, 1]);
  assert.is((await listOf(provider.queues.deadLetters(name)))[0]?.event.getBody(), "bad");
  await hive.stop();
});

test("an actor of batches gets the messages of the host in one batch", async () => {
  const queue = newName();
  const seen: unknown[] = [];
  const actors = batchActor(queue, (_, context) => {
    seen.push(context.batch.map(({ event, attempt }) => [event.getBody(), attempt]));
    for (const { event } of context.batch) if (event.getBody() === "bad") context.fail(event, new RejectEvent("never"));
  });
  const hive = await createHive({ actors, provider, logger: silentLogger });
  await hive.setup();
  const { app: recorded, registered } = recordingApp();
  actorFunctions(recorded, hive);
  const [{ options }] = registered as [Registered];
  assert.is(options["cardinality"], "many");
  await hive.push(["bad", "good"].map((text) => new Event("Told", text, { queueName: queue })));
  const name = hive.descriptors[0]?.queueName as QueueName;
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < 2) messages.push(...(await receive(name, 2, 2_000)));
  const each = messages.map(metadataOf);
  const fields = Object.keys(each[0] ?? {});
  const triggerMetadata = Object.fromEntries(fields.map((field) => [`${field}Array`, each.map((one) => one[field])]));
  await options.handler(
    messages.map(({ body }: { readonly body: unknown }) => body),
    { triggerMetadata },
  );
  assert.equal(
    (seen as unknown[][][]).map((one) => one.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))),
    [
      [
        ["bad", 1],
        ["good", 1],
      ],
    ],
  );
  const { ready, leased, dead } = await provider.queues.counts(name);
  assert.equal([ready, leased, dead], [0, 0, 1]);
  await hive.stop();
});

test("an id that looks like a number keeps its form", () => {
  const { messageId, correlationId } = fromTrigger("{}", { messageId: 42, correlationId: true, lockToken: "t" });
  assert.equal([messageId, correlationId], ["42", "true"]);
  assert.throws(() => fromTrigger("{}", { messageId: 42 }), /lockToken/);
  // The host rounds both ids to the same number.
  const idOf = (messageId: string, sequenceNumber: number): unknown =>
    fromTrigger("{}", { messageId: Number(messageId), sequenceNumber, lockToken: "t" }).messageId;
  assert.is.not(idOf("820982911946154508", 1), idOf("820982911946154509", 2));
  assert.is(idOf("820982911946154508", 1), idOf("820982911946154508", 1));
});

test("an ordered actor is refused as a function", async () => {
  const name = newName();
  const hive = await createHive({
    actors: actor(`${name}-Reader`, () => [], { ordered: true }),
    provider,
    logger: silentLogger,
  });
  assert.throws(() => actorFunctions(recordingApp().app, hive), new RegExp(`${name}-Reader.*worker`));
  await hive.stop();
});

test("a pulser becomes a timer that publishes its events", async () => {
  const topic = newName();
  const hive = await createHive({ actors: actor(`${topic}-Reader`, () => []), provider, logger: silentLogger });
  await hive.setup();
  const { app: recorded, registered } = recordingApp();
  pulserFunction(recorded, hive, pulse(topic, { cron: "0 3 * * *" }));
  assert.equal([registered[0]?.name, registered[0]?.options["schedule"]], [`pulser-${topic}`, "0 0 3 * * *"]);
  await registered[0]?.options.handler();
  const { signal } = new AbortController();
  const name = hive.descriptors[0]?.queueName as QueueName;
  const [lease] = await provider.queues.lease(name, { max: 1, leaseMs: servers.leaseMs, waitMs: 10_000, signal });
  const { time } = lease?.event.getBody<{ time: string }>() ?? {};
  assert.match(time ?? "", /T03:00:00\.000Z$/, "it is told when it was due, however late it is");
  assert.is(lease?.event.id, `${topic}-${Date.parse(time ?? "")}-0`);
  await provider.queues.commit(lease as AzureLease, []);
  await hive.stop();
});

test("the timer of a paused pulser publishes nothing", async () => {
  const topic = newName();
  const hive = await createHive({
    actors: actor(`${topic}-Reader`, () => []),
    pulsers: [pulse(topic, { cron: "0 3 * * *" })],
    provider,
    logger: silentLogger,
  });
  await hive.start();
  const { app: recorded, registered } = recordingApp();
  pulserFunction(recorded, hive, pulse(topic, { cron: "0 3 * * *" }));
  await hive.pulser(topic).pause({ reason: "stocktaking", by: "ada" });
  await hive.stop();
  const pushed: unknown[] = [];
  const { queues } = provider;
  const push = queues.push.bind(queues);
  queues.push = async (events) => push(events).finally(() => pushed.push(...events));
  await registered[0]?.options.handler();
  queues.push = push;
  assert.equal(pushed, []);
});

test("intervals that divide evenly become timers, others are refused", () => {
  const lines = [1_000, 15_000, 60_000, 300_000, 3_600_000, 86_400_000].map((every) => timerSchedule("P", { every }));
  assert.equal(lines, [
    "*/1 * * * * *",
    "*/15 * * * * *",
    "0 */1 * * * *",
    "0 */5 * * * *",
    "0 0 */1 * * *",
    "0 0 0 * * *",
  ]);
  assert.throws(() => timerSchedule("P", { every: 7_000 }), /7000 ms/);
  assert.throws(() => timerSchedule("P", { cron: "0 3 * * *", timezone: "Europe/Berlin" }), /WEBSITE_TIME_ZONE/);
});

test("the SDK of Azure Functions accepts the functions", async () => {
  const hive = await createHive({ actors: actor(newName(), () => []), provider, logger: silentLogger });
  actorFunctions(app satisfies FunctionsApp, hive);
  pulserFunction(app, hive, pulse("Pulsed", { every: 60_000 }));
  await hive.stop();
});

test.after(async () => {
  await host.close();
  await provider.close();
  await servers[Symbol.asyncDispose]();
});
test.run();
