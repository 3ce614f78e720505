import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

/*
 * What the links of the SDK's receivers (7.9.5) do that costs leases, mended from outside. Where the internals are
 * others, all is as the SDK does it.
 */

interface Drain {
  _drainTimeoutInMs?: number;
}

interface Receiver {
  readonly _batchingReceiver?: { readonly _batchingReceiverLite?: Drain };
  readonly _messageSession?: { readonly _batchingReceiverLite?: Drain };
}

interface Endpoint {
  is_open(): boolean;
}

interface Message {
  readonly delivery?: { readonly link?: Endpoint & { readonly connection: Endpoint } };
}

/**
 * A receive ends when the broker has said that it will send no more. The SDK waits for that 200 ms, which a distant or a
 * busy broker may need, then closes the link: what was sent meanwhile stays locked, and nothing that was received
 * before can be settled through it.
 */
export function waitForDrains(receiver: ServiceBusReceiver, ms: number): void {
  const { _batchingReceiver, _messageSession } = receiver as unknown as Receiver;
  const drain = (_batchingReceiver ?? _messageSession)?._batchingReceiverLite;
  if (drain?._drainTimeoutInMs !== undefined) drain._drainTimeoutInMs = ms;
}

/**
 * Makes a message be settled by its lock token when its link was closed, as the SDK does with deferred ones. It would
 * take a link that was opened again under the same name for the old one, and nobody would answer the settlement. When
 * the connection broke it knows better: there a token would wait a minute for the answer.
 */
export function settleWithoutLink(message: ServiceBusReceivedMessage): void {
  const { delivery } = message as Message;
  const link = delivery?.link;
  if (!link) return;
  Object.defineProperty(message, "delivery", {
    get: () => (link.is_open() || !link.connection.is_open() ? delivery : {}),
    enumerable: true,
    configurable: true,
  });
}
