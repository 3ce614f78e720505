import type { ServiceBusReceivedMessage } from "@azure/service-bus";

interface Endpoint {
  is_open(): boolean;
}

interface Message {
  readonly delivery?: { readonly link?: Endpoint & { readonly connection: Endpoint } };
}

/**
 * Makes a message be settled by its lock token when its link was closed, as the SDK (7.9.5) does with deferred ones. It
 * closes a link whose broker takes more than 200 ms to say that a receive has ended, opens another under the same name,
 * and takes that for the one that the message came by: nobody would answer the settlement. When the connection broke it
 * knows better, and a token would wait a minute for the answer.
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
