/**
 * Plays the host of Azure Functions: loads an app as the host's worker does, and hands messages of Service Bus to its
 * functions in the form of the host.
 */
import Module from "node:module";
import { pathToFileURL } from "node:url";
import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

interface Binding {
  readonly type: string;
  readonly queueName?: string;
  readonly topicName?: string;
  readonly subscriptionName?: string;
  readonly connection?: string;
}

interface Registered {
  readonly metadata: { readonly name: string; readonly bindings: Readonly<Record<string, Binding>> };
  readonly callback: unknown;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
}

type Load = (request: string, ...rest: unknown[]) => unknown;

export class FunctionsHost {
  readonly functions: Map<string, Registered> = new Map();
  readonly #client: ServiceBusClient;
  readonly #receivers = new Map<string, ServiceBusReceiver>();
  #model: ProgrammingModel | undefined;

  constructor(client: ServiceBusClient) {
    this.#client = client;
  }

  /** Loads the main file of an app, with this host as its `@azure/functions-core`. */
  async load(path: string): Promise<unknown> {
    const loader = Module as unknown as { _load: Load };
    const usual = loader._load;
    loader._load = (request, ...rest) => (request === "@azure/functions-core" ? this.#core() : usual(request, ...rest));
    try {
      return await import(pathToFileURL(path).href);
    } finally {
      loader._load = usual;
    }
  }

  /** The trigger of a function. */
  trigger(name: string): Binding {
    return this.#triggerOf(name)[1];
  }

  /** Hands a message to each function with a waiting one; returns the number of functions. */
  async round(): Promise<number> {
    const delivered = await Promise.all([...this.functions.keys()].map((name) => this.#deliverOne(name)));
    return delivered.filter(Boolean).length;
  }

  async #deliverOne(name: string): Promise<boolean> {
    const [message] = await this.#receiver(name).receiveMessages(1, { maxWaitTimeInMs: 50 });
    if (!message) return false;
    const { metadata, callback } = this.functions.get(name) as Registered;
    const model = (this.#model as ProgrammingModel).getInvocationModel({
      invocationId: String(message.lockToken),
      metadata,
      log() {},
      request: {
        inputData: [{ name: this.#triggerOf(name)[0], data: { bytes: message.body as Uint8Array } }],
        triggerMetadata: metadataOf(message),
      },
    });
    const { context, inputs } = await model.getArguments();
    await model.invokeFunction(context, inputs, callback);
    return true;
  }

  #triggerOf(name: string): [string, Binding] {
    const bindings = Object.entries(this.functions.get(name)?.metadata.bindings ?? {});
    const trigger = bindings.find(([, { type }]) => type === "serviceBusTrigger");
    if (!trigger) throw new Error(`Service Bus triggers no function ${name}.`);
    return trigger;
  }

  #receiver(name: string): ServiceBusReceiver {
    let receiver = this.#receivers.get(name);
    if (!receiver) {
      const { queueName, topicName, subscriptionName } = this.trigger(name);
      const path = queueName ?? `${topicName ?? ""}/Subscriptions/${subscriptionName ?? ""}`;
      const options = { maxAutoLockRenewalDurationInMs: 0, skipParsingBodyAsJson: true };
      this.#receivers.set(name, (receiver = this.#client.createReceiver(path, options)));
    }
    return receiver;
  }

  #core(): object {
    return {
      version: "1.0.0",
      hostVersion: "4.28.0",
      log() {},
      registerHook: () => ({ dispose() {} }),
      setProgrammingModel: (model: ProgrammingModel) => (this.#model = model),
      registerFunction: (metadata: Registered["metadata"], callback: unknown) => {
        this.functions.set(metadata.name, { metadata, callback });
        return { dispose() {} };
      },
    };
  }
}

/** Names fields as .NET does, and writes values other than texts and numbers as JSON, like the host. */
function metadataOf(message: ServiceBusReceivedMessage): Record<string, object> {
  const texts = {
    MessageId: message.messageId,
    LockToken: message.lockToken,
    ContentType: message.contentType,
    CorrelationId: message.correlationId,
    Subject: message.subject,
    SessionId: message.sessionId,
  };
  const json = {
    ApplicationProperties: message.applicationProperties,
    EnqueuedTimeUtc: message.enqueuedTimeUtc,
    LockedUntilUtc: message.lockedUntilUtc,
  };
  return {
    ...Object.fromEntries(
      Object.entries(texts)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, { string: String(value) }]),
    ),
    ...Object.fromEntries(
      Object.entries(json)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, { json: JSON.stringify(value) }]),
    ),
    DeliveryCount: { int: (message.deliveryCount ?? 0) + 1 },
  };
}
