import { twoCopies } from "../../../src/base/brand.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { Hive } from "../../../src/hive/hive.ts";
import type { Pulser } from "../../../src/actors/pulses/pulser.ts";
import { pulseEvents } from "../../../src/actors/pulses/pulsing.ts";
import { lastTime } from "../../../src/actors/pulses/schedule.ts";
import { AzureProvider } from "../index.ts";
import { timerSchedule } from "./timer-schedule.ts";
import { fromTrigger, fromTriggers } from "./trigger-message.ts";

export { timerSchedule };

/** The part of `app` of @azure/functions that is used here. */
export interface FunctionsApp {
  serviceBusQueue(name: string, options: ServiceBusFunction & { readonly queueName: string }): void;
  serviceBusTopic(
    name: string,
    options: ServiceBusFunction & { readonly topicName: string; readonly subscriptionName: string },
  ): void;
  timer(name: string, options: { readonly schedule: string; readonly handler: () => Promise<void> }): void;
}

interface ServiceBusFunction {
  /** The application setting with the connection. */
  connection: string;
  autoCompleteMessages: boolean;
  dataType: "binary";
  cardinality?: "one" | "many";
  handler: (message: unknown, context: InvocationContext) => Promise<void>;
}

/** The part of the context of an invocation that is used here. */
export interface InvocationContext {
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The setting that the provider also reads. */
const defaultConnection = "AZURE_SERVICEBUS_CONNECTION_STRING";

/**
 * Registers a function for each actor of a hive. Service Bus triggers it, and it is named like its subscription.
 *
 * Delivery and settlement are as on a worker: each message is settled by its lock token. `host.json` therefore needs
 * `"extensions": { "serviceBus": { "autoCompleteMessages": false } }`; `maxConcurrentCalls` there is the parallelism.
 * Do not start the hive, and make its queues beforehand. An actor that takes batches gets those of the host, whose size
 * is `maxMessageBatchSize` there.
 *
 * @param connection the application setting with the connection. @default "AZURE_SERVICEBUS_CONNECTION_STRING"
 * @throws BeeHiveError `InvalidConfiguration` when an actor is ordered: the host holds the session, through which alone
 *   delayed events keep their order. Run ordered actors on a worker.
 * @example
 * import { app } from "@azure/functions";
 * actorFunctions(app, await createHive({ actors, provider: await AzureProvider.open() }));
 */
export function actorFunctions(app: FunctionsApp, hive: Hive, connection: string = defaultConnection): void {
  const { queues } = azureOf(hive);
  assertNoneOrdered(hive);
  for (const { queueName: name, lease: leaseMs, batch } of hive.descriptors) {
    const { entity, subscription } = queues.addressOf(name);
    const single = async (body: unknown, { triggerMetadata = {} }: InvocationContext): Promise<void> => {
      const lease = await queues.adopt(fromTrigger(body, triggerMetadata), name, leaseMs);
      if (lease) await hive.deliver(lease);
    };
    const many = async (bodies: unknown, { triggerMetadata = {} }: InvocationContext): Promise<void> => {
      const messages = fromTriggers(bodies, triggerMetadata);
      const adopted = await Promise.allSettled(messages.map((message) => queues.adopt(message, name, leaseMs)));
      await hive.deliverBatch(adopted.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : [])));
      const failed = adopted.find((one) => one.status === "rejected");
      if (failed) throw failed.reason;
    };
    const cardinality = batch ? "many" : "one";
    // Ask for bytes, because the host would parse JSON and damage bodies that are no text.
    const handler = batch ? many : single;
    const options = { connection, autoCompleteMessages: false, dataType: "binary", cardinality, handler } as const;
    if (name.kind === "queue") app.serviceBusQueue(name.toString(), { ...options, queueName: entity });
    else app.serviceBusTopic(name.toString(), { ...options, topicName: entity, subscriptionName: subscription });
  }
}

/** How early the host may call, by the clock of this process, in ms. */
const earlyMs = 500;

/**
 * Registers a function for a pulser, triggered by a timer. The host lets one instance fire each pulse.
 *
 * The time zone is UTC, unless `WEBSITE_TIME_ZONE` is set. While an operator pauses the pulser, it publishes nothing.
 *
 * @throws BeeHiveError `InvalidConfiguration` when no timer can fire at the same times as a worker.
 * @example
 * pulserFunction(app, hive, pulse("OneMinutePassed", { every: 60_000 }));
 */
export function pulserFunction(app: FunctionsApp, hive: Hive, pulser: Pulser): void {
  const { name, schedule } = pulser;
  const handler = async (): Promise<void> => {
    // A store that fails must not stop the pulser.
    if (
      await hive
        .pulser(name)
        .paused()
        .catch(() => undefined)
    )
      return;
    await hive.push(await pulseEvents(pulser, lastTime(schedule, systemClock.now() + earlyMs)));
  };
  app.timer(`pulser-${name}`, { schedule: timerSchedule(name, schedule), handler });
}

function assertNoneOrdered({ descriptors }: Hive): void {
  const ordered = descriptors.filter((one) => one.ordered).map(({ name, queueName }) => `${name} on ${queueName}`);
  if (ordered.length === 0) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `Ordered actors cannot be functions, whose host holds the sessions: ${ordered.join(", ")}. ` +
      "Run them on a worker, in a hive of their own.",
  );
}

function azureOf({ provider }: Hive): AzureProvider {
  if (provider instanceof AzureProvider) return provider;
  throw new BeeHiveError(
    "InvalidConfiguration",
    provider.name === "azure"
      ? `The hive comes from another copy of beehive-actors than these functions. ${twoCopies}.`
      : "Functions that Service Bus triggers need a hive on the Azure provider.",
  );
}
