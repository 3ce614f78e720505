/** The bindings of AsyncAPI, beside the entities that a set-up makes. */
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { Names } from "../../../providers/azure/queues/names.ts";
import { Topology } from "../../../providers/azure/queues/topology.ts";
import { azureSurface } from "../../../providers/azure/surface.ts";
import { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { QueueName } from "../../../src/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("azure: bindings of AsyncAPI", { timeoutMs: 30_000 });

test("bindings name entities and settings as a set-up makes them", async () => {
  const broker = await ServiceBusBroker.start();
  const storage = { connectionString: "UseDevelopmentStorage=true" };
  const config = completed({ serviceBus: { connectionString: broker.connectionString }, storage }, {});
  const { serviceBus, administration } = await clientsFrom(config);
  const there = administration as ServiceBusAdministrationClient;
  const specOf = (name: string, ordered: boolean, leaseMs: number) => ({
    name: QueueName.parse(name),
    ordered,
    leaseMs,
    maxAttempts: 5,
  });
  const [topic, subscription, queue] = [
    specOf("Orders-", true, 30_000),
    specOf("Orders-Payment", true, 90_000),
    specOf("Invoices", false, 1_000),
  ] as const;
  await new Topology(there, new Names(config.queuePrefix), config, systemClock).ensure([topic, subscription, queue]);
  const surface = azureSurface("azure:");
  const ofChannel = (spec: typeof topic): object => surface.channel(spec, []).bindings["x-servicebus"] ?? {};

  const madeTopic = await there.getTopic("Orders");
  assert.equal(ofChannel(topic), {
    topic: madeTopic.name,
    requiresDuplicateDetection: madeTopic.requiresDuplicateDetection,
    duplicateDetectionHistoryTimeWindow: madeTopic.duplicateDetectionHistoryTimeWindow,
  });
  const madeQueue = await there.getQueue("queue-Invoices");
  assert.equal(ofChannel(queue), {
    queue: madeQueue.name,
    requiresDuplicateDetection: madeQueue.requiresDuplicateDetection,
    duplicateDetectionHistoryTimeWindow: madeQueue.duplicateDetectionHistoryTimeWindow,
    requiresSession: madeQueue.requiresSession,
    lockDuration: madeQueue.lockDuration,
  });
  const made = await there.getSubscription("Orders", "Payment");
  assert.equal(surface.reading(subscription)["x-servicebus"], {
    topic: made.topicName,
    subscription: made.subscriptionName,
    requiresSession: made.requiresSession,
    lockDuration: made.lockDuration,
  });
  await serviceBus.close();
  await broker.stop();
});

test("without detection of duplicates the bindings say so", () => {
  const spec = { name: QueueName.parse("Orders-"), ordered: false, leaseMs: 1, maxAttempts: 1 };
  const { bindings } = azureSurface("azure:?duplicateDetection=false").channel(spec, []);
  assert.equal(bindings["x-servicebus"], { topic: "Orders", requiresDuplicateDetection: false });
});

test.run();
