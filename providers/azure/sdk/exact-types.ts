import type { ServiceBusClient } from "@azure/service-bus";
import { keepTypes, type RheaTypes } from "./amqp-types.ts";

interface Internals {
  readonly _connectionContext?: { readonly connection?: { readonly container?: { readonly types?: RheaTypes } } };
}

/**
 * Lets a client receive UUIDs, decimals, 64-bit numbers and times with their types and all digits.
 *
 * With other internals than those of SDK 7.9.5 nothing changes, and such values are bytes.
 */
export function receiveExactly(client: ServiceBusClient): void {
  const types = (client as unknown as Internals)._connectionContext?.connection?.container?.types;
  if (types) keepTypes(types);
}
