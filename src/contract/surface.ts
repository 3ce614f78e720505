import type { QueueSpec } from "./queue-operator.ts";

/** Bindings of AsyncAPI by protocol: `{ sns: { name: "shop-Orders" } }`. */
export type Bindings = Readonly<Record<string, object>>;

/** A server of an AsyncAPI document. Holds no credentials. */
export interface SurfaceServer {
  /** The host with its port. Unknown parts are variables: `sqs.{region}.amazonaws.com`. */
  readonly host: string;
  /** The name of the protocol in AsyncAPI: `sqs`, `amqps`. */
  readonly protocol: string;
  readonly protocolVersion?: string;
  readonly pathname?: string;
  readonly description: string;
  /** The variables of the host, each with its meaning. */
  readonly variables?: Readonly<Record<string, { readonly description: string }>>;
}

/**
 * A provider as other applications see it, in the terms of AsyncAPI. Holds no credentials.
 *
 * @example
 * const { servers } = await providerModule.surface("aws:?region=eu-west-1");
 */
export interface ProviderSurface {
  /** Its servers by a short name, such as `sqs`. */
  readonly servers: Readonly<Record<string, SurfaceServer>>;
  /** Returns the servers and bindings of a topic or queue. `readers` are the subscriptions of the application. */
  channel(
    spec: QueueSpec,
    readers: readonly QueueSpec[],
  ): { readonly servers: readonly string[]; readonly bindings: Bindings };
  /** Returns the bindings of an actor that reads a subscription or queue. */
  reading(spec: QueueSpec): Bindings;
}

/**
 * A channel of another system, such as a topic of Kafka, that a source reads or an actor writes to.
 *
 * A source has one as `channel`, an actor as the static property `channel`. Holds no credentials.
 */
export interface ForeignChannel {
  readonly servers: readonly SurfaceServer[];
  /** The name of the channel there; `undefined` where each event has its own. */
  readonly address: string | undefined;
  /** The bindings of the channel, and of reading it or writing to it. */
  readonly bindings: { readonly channel: Bindings; readonly operation: Bindings };
}
