import type { Hive } from "../../../src/hive/hive.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { twoCopies } from "../../../src/base/brand.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { Pulser } from "../../../src/pulses/pulser.ts";
import { pulseEvents } from "../../../src/pulses/pulsing.ts";
import { lastTime } from "../../../src/pulses/schedule.ts";
import { AzureProvider } from "../index.ts";
import { timerSchedule } from "./timer-schedule.ts";
import { fromTrigger } from "./trigger-message.ts";

export { timerSchedule };

/** What is needed of `app` of @azure/functions. */
export interface FunctionsApp {
  serviceBusQueue(name: string, options: ServiceBusFunction & { readonly queueName: string }): void;
  serviceBusTopic(
    name: string,
    options: ServiceBusFunction & { readonly topicName: string; readonly subscriptionName: string },
  ): void;
  timer(name: string, options: { readonly schedule: string; readonly handler: () => Promise<void> }): void;
}

interface ServiceBusFunction {
  /** The name of the application setting with the connection. */
  connection: string;
  autoCompleteMessages: boolean;
  dataType: "binary";
  handler: (message: unknown, context: InvocationContext) => Promise<void>;
}

/** What is needed of the context of an invocation. */
export interface InvocationContext {
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The setting that the provider reads too. */
const defaultConnection = "AZURE_SERVICEBUS_CONNECTION_STRING";

/**
 * Makes every actor of a hive a function that Service Bus triggers, named like its subscription:
 *
 * ```typescript
 * import { app } from "@azure/functions";
 * actorFunctions(app, await createHive({ actors, provider: await AzureProvider.open() }));
 * ```
 *
 * Delivery is as on a worker, settlement too: each message by itself, by its lock token. So `host.json` has to say
 * `"extensions": { "serviceBus": { "autoCompleteMessages": false } }`, and `maxConcurrentCalls` is the parallelism. The
 * hive is not started, its queues are made beforehand.
 *
 * @throws BeeHiveError `InvalidConfiguration` when an actor is ordered: the host holds the session then, and through it
 *   alone events can wait in order. Run ordered actors on a worker.
 */
export function actorFunctions(app: FunctionsApp, hive: Hive, connection: string = defaultConnection): void {
  const { queues } = azureOf(hive);
  assertNoneOrdered(hive);
  for (const { queueName: name, lease: leaseMs } of hive.descriptors) {
    const { entity, subscription } = queues.addressOf(name);
    const handler = async (body: unknown, { triggerMetadata = {} }: InvocationContext): Promise<void> => {
      const lease = await queues.adopt(fromTrigger(body, triggerMetadata), name, leaseMs);
      if (lease) await hive.deliver(lease);
    };
    // Bytes as they are: the host would parse JSON and break what is no text.
    const options = { connection, autoCompleteMessages: false, dataType: "binary", handler } as const;
    if (name.kind === "queue") app.serviceBusQueue(name.toString(), { ...options, queueName: entity });
    else app.serviceBusTopic(name.toString(), { ...options, topicName: entity, subscriptionName: subscription });
  }
}

/** The host may call a little before the time by our clock. */
const earlyMs = 500;

/**
 * Makes a pulser a function that a timer triggers. The host lets one instance fire each pulse, in UTC unless it is set
 * otherwise.
 *
 * @throws BeeHiveError `InvalidConfiguration` when no timer fires at the times at which a worker does.
 */
export function pulserFunction(app: FunctionsApp, hive: Hive, pulser: Pulser): void {
  const { name, schedule } = pulser;
  const handler = async (): Promise<void> => {
    await hive.push(await pulseEvents(pulser, lastTime(schedule, systemClock.now() + earlyMs)));
  };
  app.timer(`pulser-${name}`, { schedule: timerSchedule(name, schedule), handler });
}

function assertNoneOrdered({ descriptors }: Hive): void {
  const ordered = descriptors.filter((one) => one.ordered).map(({ name, queueName }) => `${name} on ${queueName}`);
  if (ordered.length === 0) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `Ordered actors cannot be functions, which have no hold on sessions: ${ordered.join(", ")}. Run them on a worker, in a hive of their own.`,
  );
}

function azureOf({ provider }: Hive): AzureProvider {
  if (provider instanceof AzureProvider) return provider;
  throw new BeeHiveError(
    "InvalidConfiguration",
    provider.name === "azure"
      ? `The hive is of another copy than these functions. ${twoCopies}.`
      : "Functions that Service Bus triggers need a hive on the Azure provider.",
  );
}
