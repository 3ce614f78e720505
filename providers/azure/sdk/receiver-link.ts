import type { ServiceBusReceivedMessage } from "@azure/service-bus";

interface Endpoint {
  is_open(): boolean;
}

interface Message {
  readonly delivery?: { readonly link?: Endpoint & { readonly connection: Endpoint } };
}

/**
 * Settles a message by its lock token after its link was closed, as the SDK does for deferred messages.
 *
 * The SDK (7.9.5) closes a link when the broker takes more than 200 ms to end a receive, opens another under the same
 * name, and settles old messages over it: such a settlement is never answered. After a broken connection the SDK does
 * the right thing itself, while a token would wait a minute for its answer.
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
