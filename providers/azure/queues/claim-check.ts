import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/identity.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { Stores } from "../../../src/contract/stores.ts";
import { translated } from "../errors.ts";
import { markingsOf } from "./message.ts";
import { readEvent, type Reading } from "./reading.ts";

/** The key-value store that bodies are in. */
const storeName = "Claims";

/**
 * Bodies that are too large to travel, in the key-value store `Claims`: the message has the key alone. Subscriptions share
 * a body, and events wait without limit, dead letters too, so nobody knows when it may go: it stays until it is removed.
 */
export class ClaimCheck {
  readonly #stores: Pick<Stores, "keyValue">;

  constructor(stores: Pick<Stores, "keyValue">) {
    this.#stores = stores;
  }

  /** Keeps the body of an event under what names the event; returns the key. */
  async keep(event: Event): Promise<string> {
    const key = identityOf(event);
    await this.#stores.keyValue(storeName).upsert(key, event.body);
    return key;
  }

  /** The event that a message is, as it is received from `queueName`, its body fetched. Never throws. */
  async read(message: ServiceBusReceivedMessage, queueName: QueueName): Promise<Reading> {
    const { claim } = markingsOf(message);
    if (claim === undefined) return readEvent(message, queueName);
    try {
      const { body } = await this.#stores.keyValue(storeName).get(claim);
      return readEvent(message, queueName, body);
    } catch (cause) {
      const { event } = readEvent(message, queueName);
      // A key that no blob can have is of others, and will not be there later either.
      const isGone = isBeeHiveError(cause, "NotFound") || isBeeHiveError(cause, "InvalidKey");
      return { event, problem: isGone ? gone(claim, cause) : translated(cause, `fetch "${claim}"`) };
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
