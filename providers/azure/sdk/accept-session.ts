import type { ServiceBusClient, ServiceBusSessionReceiver, ServiceBusSessionReceiverOptions } from "@azure/service-bus";

interface Internals {
  readonly _clientOptions?: { retryOptions?: { timeoutInMs?: number } };
}

/**
 * Requests the next free session. The service waits for one up to `waitMs`.
 *
 * The SDK (7.9.5) has no option for that wait: it uses the time-out of the client, by default a minute, and cannot be
 * aborted. It reads the time-out while it is called. With other internals, the time-out of the client stays.
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
