import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { Stores } from "../../../src/contract/stores.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { translate } from "../errors.ts";
import { redeliveryStateOf } from "./message.ts";
import { readEvent, type ReadResult } from "./reading.ts";

/** The key-value store of the bodies. */
const storeName = "Claims";

/**
 * Keeps bodies that are too large for a message in the key-value store `Claims`. The message has the key.
 *
 * Subscriptions share a body, and Service Bus keeps events and dead letters without limit. Nothing shows when a body is
 * no longer needed, so bodies stay until you remove them.
 */
export class ClaimCheck {
  readonly #stores: Pick<Stores, "keyValue">;

  constructor(stores: Pick<Stores, "keyValue">) {
    this.#stores = stores;
  }

  /** Stores the body of an event; returns the key. */
  async keep(event: Event): Promise<string> {
    const key = identityOf(event);
    await this.#stores.keyValue(storeName).upsert(key, event.body);
    return key;
  }

  /** Reads the event of a message and fetches its body. Never throws. */
  async read(message: ServiceBusReceivedMessage, queueName: QueueName): Promise<ReadResult> {
    const { claim } = redeliveryStateOf(message);
    if (claim === undefined) return readEvent(message, queueName);
    try {
      const { body } = await this.#stores.keyValue(storeName).get(claim);
      return readEvent(message, queueName, body);
    } catch (cause) {
      const { event } = readEvent(message, queueName);
      // A key that no blob can have comes from another sender, and will never exist.
      const isGone = isBeeHiveError(cause, "NotFound") || isBeeHiveError(cause, "InvalidKey");
      return { event, problem: isGone ? gone(claim, cause) : translate(cause, `fetch "${claim}"`) };
    }
  }
}

function gone(key: string, cause: BeeHiveError): BeeHiveError {
  return new BeeHiveError(
    "NotFound",
    `Its body is missing: the key-value store ${storeName} has no blob "${key}". Put it back, then requeue the event.`,
    { cause },
  );
}
