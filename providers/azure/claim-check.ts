import { isBeeHiveError } from "../../src/errors.ts";
import type { Event } from "../../src/event.ts";
import type { KeyValueStore } from "../../src/stores.ts";

/**
 * Bodies that are too large to travel, in the key-value store `Claims`: the message has the key alone. Subscriptions share
 * a body, so nobody knows when it may go: let the storage account delete what is older than the longest time to live of
 * the messages (lifecycle management).
 */
export class ClaimCheck {
  readonly #bodies: () => KeyValueStore;

  constructor(bodies: () => KeyValueStore) {
    this.#bodies = bodies;
  }

  /** Keeps the body of an event under the event's id; answers the key. */
  async keep(event: Event): Promise<string> {
    await this.#bodies().upsert(event.id, event.body);
    return event.id;
  }

  /** The body; nothing when it was removed: its actor is then told that the event has none. */
  async fetch(key: string): Promise<Uint8Array> {
    try {
      return (await this.#bodies().get(key)).body;
    } catch (error) {
      if (isBeeHiveError(error, "NotFound")) return new Uint8Array();
      throw error;
    }
  }
}
