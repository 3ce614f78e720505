import type { Clock } from "../base/clock.ts";
import type { CancelChoice } from "../contract/queue-operator.ts";
import type { Event } from "../events/event.ts";
import { identityOf } from "../events/output-id.ts";
import { QueueName } from "../events/queue-name.ts";
import { isArchive } from "./archive/index.ts";
import { cancelLabel } from "./event-row.ts";
import { nextEtag } from "./row-stores/etag.ts";
import { pages, type Row, type RowContent, type RowExpectation, type RowKey, type Rows } from "./rows.ts";

/** The state of an event with a cancel key. */
interface Entry {
  readonly eventId: string;
  readonly state: "waiting" | "leased" | "cancelled";
}

const table = "cancel";
const pageSize = 100;
/** The longest time that a queue of a cloud keeps an event, in ms. */
const keptMs = 14 * 24 * 60 * 60 * 1000;

/**
 * The events with a cancel key of a provider whose queues cannot remove single messages.
 *
 * Each such event has a row from its publication to its end. A cancel and the first delivery both change it, and whoever
 * is first has the event. An event of a topic has one row, so that it is cancelled for all subscriptions or for none.
 * Events without a cancel key need no request.
 */
export class CancelRegistry {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** Registers those of the events that have a cancel key. Call it before they are published. */
  async register(events: readonly Event[]): Promise<void> {
    const writes = events.flatMap((event) => {
      const key = keyOf(event);
      const entry: Entry = { eventId: event.id, state: "waiting" };
      const from = event.enqueueTime?.getTime() ?? 0;
      return key ? [this.#write(key, "any", entry, Math.max(from, this.#clock.now()) + keptMs)] : [];
    });
    await Promise.all(writes);
  }

  /**
   * Returns whether a leased event may be delivered. From then on it is not cancelled.
   *
   * The archive of a topic takes what is not cancelled, and leaves it to be cancelled for the subscriptions.
   */
  async claim(event: Event): Promise<boolean> {
    const key = keyOf(event);
    while (key) {
      const row = await this.#rows.get(key);
      if (!row) break;
      const { state, eventId } = entryOf(row);
      if (isArchived(event)) return state !== "cancelled";
      if (state !== "waiting") return state === "leased";
      if (await this.#write(key, { etag: row.etag }, { eventId, state: "leased" }, row.expires)) break;
    }
    return true;
  }

  /** Forgets an event that was settled for good. A cancelled one of a topic is remembered for its other subscriptions. */
  async forget(event: Event, wasCancelled = false): Promise<void> {
    const key = keyOf(event);
    if (!key || isArchived(event) || (wasCancelled && QueueName.parse(event.queueName).kind === "subscription")) return;
    await this.#rows.delete([key]);
  }

  /** Cancels events that were not delivered yet. Returns how many. */
  async cancel(which: CancelChoice): Promise<number> {
    const partition = "key" in which ? cancelLabel(which.key) : undefined;
    let cancelled = 0;
    for await (const row of pages((range) => this.#rows.page(range), { table, partition, limit: pageSize })) {
      if ("id" in which && entryOf(row).eventId !== which.id) continue;
      if (await this.#cancelOne(row)) cancelled++;
    }
    return cancelled;
  }

  async #cancelOne(seen: Row): Promise<boolean> {
    if ((seen.expires ?? Infinity) <= this.#clock.now()) {
      await this.#rows.delete([seen]);
      return false;
    }
    for (let row: Row | undefined = seen; row; row = await this.#rows.get(seen)) {
      const { state, eventId } = entryOf(row);
      if (state !== "waiting") return false;
      if (await this.#write(row, { etag: row.etag }, { eventId, state: "cancelled" }, row.expires)) return true;
    }
    return false;
  }

  /** Writes an entry. Returns false if its expectation does not hold. */
  async #write(key: RowKey, expect: RowExpectation, entry: Entry, expires: number | undefined): Promise<boolean> {
    const { partition, id } = key;
    const content: RowContent = {
      value: JSON.stringify(entry),
      etag: nextEtag(),
      modified: this.#clock.now(),
      expires,
    };
    return (await this.#rows.write({ key: { table, partition, id }, expect, content })) === undefined;
  }
}

function isArchived({ queueName }: Event): boolean {
  return isArchive(QueueName.parse(queueName));
}

function keyOf(event: Event): RowKey | undefined {
  const { cancelKey, queueName } = event;
  if (cancelKey === undefined) return undefined;
  const destination = String(QueueName.parse(queueName).destination);
  return { table, partition: cancelLabel(cancelKey), id: cancelLabel(`${identityOf(event)}\n${destination}`) };
}

function entryOf({ value }: Row): Entry {
  return JSON.parse(typeof value === "string" ? value : Buffer.from(value).toString()) as Entry;
}
