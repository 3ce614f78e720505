import type { ServiceBusClient } from "@azure/service-bus";

interface Internals {
  readonly _connectionContext?: {
    readonly connection?: { readonly options?: { operationTimeoutInSeconds?: number } };
  };
}

/** The service answers within the time-out, and its answer is waited for: a session that is granted to nobody stays locked. */
const onItsWayMs = 1_000;

/**
 * How long the SDK waits for a link to open. It has no option for that in 7.9.5 and waits a minute: when a connection breaks
 * just before a link is opened on it, nobody answers, and the SDK reconnects only after that minute. A connection that
 * replaces a broken one has the default again, so this is said before each poll. Where the internals are others, nothing
 * happens, and it is the minute.
 */
export function limitOpening(client: ServiceBusClient, timeoutMs: number): void {
  const options = (client as unknown as Internals)._connectionContext?.connection?.options;
  if (options) options.operationTimeoutInSeconds = (timeoutMs + onItsWayMs) / 1000;
}
