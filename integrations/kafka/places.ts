import { isBeeHiveError } from "../../src/base/errors.ts";
import type { CollectionStore, Identified, Stored, Stores } from "../../src/contract/stores.ts";
import type { SourceContext } from "../../src/hive/source.ts";
import type { Event } from "../../src/events/event.ts";

/** The place of a consumer group in one partition. Its row is the fence between two owners of the partition. */
export interface Place extends Identified {
  /** `group/topic/partition`. */
  readonly id: string;
  /** The next offset to read. */
  readonly next: number;
  /** How often the place was sought. */
  readonly pass: number;
}

const collection = "KafkaPlaces";

/** The places of one group in one topic, in the stores of a provider. */
export class Places {
  readonly #stores: Stores;
  readonly #at: string;

  constructor(stores: Stores, group: string, topic: string) {
    this.#stores = stores;
    this.#at = `${group}/${topic}/`;
  }

  /** Returns the stored places by partition. */
  async all(): Promise<ReadonlyMap<number, Stored<Place>>> {
    const found = new Map<number, Stored<Place>>();
    // "0" follows "/".
    const range = { from: this.#at, to: `${this.#at.slice(0, -1)}0` };
    for await (const place of placesIn(this.#stores).range(range))
      found.set(Number(place.id.slice(this.#at.length)), place);
    return found;
  }

  /** Stores where a partition starts. Returns the place, or the one that another process stored first. */
  async begin(partition: number, next: number): Promise<Stored<Place>> {
    const id = this.#id(partition);
    const places = placesIn(this.#stores);
    return (await places.insertIfAbsent({ id, next, pass: 0 })) ?? (await places.get(id));
  }

  /**
   * Moves a place, and publishes the events of the records that it passes.
   *
   * In one transaction where the provider publishes in transactions. Elsewhere the events are published first: a repeat
   * has the same ids.
   *
   * @returns the place where it is now.
   * @throws BeeHiveError `ConcurrencyConflict` when another process or an operator moved it. A transaction then published
   *   nothing.
   */
  async pass(
    place: Stored<Place>,
    to: Pick<Place, "next" | "pass">,
    events: readonly Event[],
    { provider, publish }: Pick<SourceContext, "provider" | "publish">,
  ): Promise<Stored<Place>> {
    const moved = { ...place, ...to };
    const { stores, capabilities } = provider;
    const transact = capabilities.atomicStep === true ? stores.transact?.bind(stores) : undefined;
    if (events.length === 0) return await placesIn(stores).update(moved);
    if (!transact) {
      // A process that lost the partition long ago is to notice before it publishes.
      const { etag } = await placesIn(stores).get(place.id);
      if (etag === place.etag) await publish(events);
      return await placesIn(stores).update(moved);
    }
    let stored: Stored<Place> = place;
    await publish(events, async (traced) => {
      stored = await transact<Place, Stored<Place>>(collection, async (places, publishWith) => {
        const written = await places.update(moved);
        for (const event of traced) publishWith(event);
        return written;
      });
    });
    return stored;
  }

  /** Seeks: moves a place whatever it is, so that what is read again is published again. */
  async seek(partition: number, next: number): Promise<void> {
    const places = placesIn(this.#stores);
    const id = this.#id(partition);
    for (;;) {
      const found = await places.find(id);
      try {
        if (found) await places.update({ ...found, next, pass: found.pass + 1 });
        else await places.insert({ id, next, pass: 0 });
        return;
      } catch (error) {
        if (!isMoved(error) && !isBeeHiveError(error, "AlreadyExists")) throw error;
      }
    }
  }

  #id(partition: number): string {
    return `${this.#at}${partition}`;
  }
}

/** Returns whether a place was moved, or removed, by others. */
export function isMoved(error: unknown): boolean {
  return isBeeHiveError(error, "ConcurrencyConflict") || isBeeHiveError(error, "NotFound");
}

function placesIn(stores: Stores): CollectionStore<Place> {
  return stores.collection<Place>(collection);
}
