import type { ServiceBusClient, ServiceBusSessionReceiver, ServiceBusSessionReceiverOptions } from "@azure/service-bus";

interface Internals {
  readonly _clientOptions?: { retryOptions?: { timeoutInMs?: number } };
}

/**
 * Asks for the next free session, which the service waits for as long as `waitMs`. The SDK (7.9.5) has no option for that:
 * it takes the time-out of the client, a minute unless said, and nothing ends it before that. It reads it while it is
 * called. Where the internals are others, it is the client's time-out.
 */
export function acceptNextSession(
  client: ServiceBusClient,
  path: string,
  options: ServiceBusSessionReceiverOptions,
  waitMs: number,
): Promise<ServiceBusSessionReceiver> {
  const { _clientOptions: clientOptions } = client as unknown as Internals;
  const usual = clientOptions?.retryOptions;
  if (!clientOptions || !usual) return client.acceptNextSession(path, options);
  clientOptions.retryOptions = { ...usual, timeoutInMs: waitMs };
  try {
    return client.acceptNextSession(path, options);
  } finally {
    clientOptions.retryOptions = usual;
  }
}
