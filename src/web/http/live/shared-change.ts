import type { AnyEventType } from "../../../events/event-type.ts";
import type { Event } from "../../../events/event.ts";
import type { Change } from "./change.ts";
import type { Positioned } from "./feed.ts";

/** A change of a feed, read and written once for all browsers that get it. */
export class SharedChange {
  readonly position: number;
  readonly event: Event;
  /** The epoch of its position. */
  readonly epoch: string;
  readonly #types: ReadonlyMap<string, AnyEventType>;
  #change: Change | undefined;
  #json: string | undefined;

  /** @param types The types that can be read, by name. */
  constructor({ position, event }: Positioned, epoch: string, types: ReadonlyMap<string, AnyEventType>) {
    this.position = position;
    this.event = event;
    this.epoch = epoch;
    this.#types = types;
  }

  /** The change, frozen: a mask that changed it would change it for all. @throws BeeHiveError `BodyUnreadable`. */
  get change(): Change {
    return (this.#change ??= this.#read());
  }

  /** The change as JSON. */
  get json(): string {
    return (this.#json ??= JSON.stringify(this.change));
  }

  /** Returns the change with another body, as JSON. */
  with(body: unknown): string {
    return body === this.change.body ? this.json : JSON.stringify({ ...this.change, body });
  }

  #read(): Change {
    const { id, eventType, partitionKey, timestamp } = this.event;
    const body = frozen(this.#types.get(eventType)?.read(this.event));
    const key = partitionKey === undefined ? {} : { key: partitionKey };
    return Object.freeze({ id, type: eventType, ...key, time: timestamp.toISOString(), body });
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  // Bytes cannot be frozen.
  if (ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
