import { BeeHiveError } from "../base/errors.ts";
import type { KeptEvent, TopicLog } from "../contract/topic-log.ts";
import type { Event } from "../events/event.ts";
import { oneLine } from "../events/json-source.ts";
import type { QueueName } from "../events/queue-name.ts";

/** The events of a backup. */
export interface Restored {
  /** Events that were appended. */
  readonly restored: number;
  /** Events that were there before, or that the topic had and removed by its rule. */
  readonly present: number;
}

const page = 500;

/** Appends events of a backup to a topic, a page at a time. Leaves out those that are there. */
export class Restoration {
  readonly #topic: QueueName;
  readonly #log: TopicLog;
  #next: number | undefined;
  #last = -1;
  #there: readonly KeptEvent[] = [];
  #batch: KeptEvent[] = [];
  #restored = 0;
  #present = 0;

  constructor(topic: QueueName, log: TopicLog) {
    this.#topic = topic;
    this.#log = log;
  }

  /** @throws BeeHiveError `InvalidState` when another event is at its position, `InvalidEvent` out of order. */
  async add(kept: KeptEvent): Promise<void> {
    if (kept.position <= this.#last)
      throw new BeeHiveError(
        "InvalidEvent",
        `Position ${kept.position} of ${this.#topic} comes after ${this.#last}; a backup is in the order of positions.`,
      );
    this.#last = kept.position;
    this.#next ??= (await this.#log.range(this.#topic)).next;
    if (kept.position < this.#next) await this.#assertPresent(kept);
    else if (this.#batch.push(kept) === page) await this.#append();
  }

  async end(): Promise<Restored> {
    await this.#append();
    return { restored: this.#restored, present: this.#present };
  }

  async #append(): Promise<void> {
    const events = this.#batch;
    if (events.length === 0) return;
    if (!this.#log.restore)
      throw new BeeHiveError(
        "InvalidState",
        `${this.#topic} cannot be restored here: the provider gives no positions.`,
      );
    this.#batch = [];
    await this.#log.restore(this.#topic, events);
    this.#restored += events.length;
  }

  async #assertPresent({ position, event }: KeptEvent): Promise<void> {
    if (position > (this.#there.at(-1)?.position ?? -1))
      this.#there = await this.#log.read(this.#topic, { from: position, limit: page });
    const found = this.#there.find((one) => one.position === position);
    if (found && found.event.id !== event.id)
      throw new BeeHiveError(
        "InvalidState",
        `${this.#topic} has another event at position ${position}: ${found.event.id}, not ${event.id}. ` +
          "Restore into a topic without events of its own.",
      );
    if (found && !isSame(found.event, event))
      throw new BeeHiveError(
        "InvalidState",
        `${this.#topic} has ${event.id} at position ${position} with another type or body than the backup. ` +
          "One of them was changed.",
      );
    this.#present++;
  }
}

/** Returns whether a kept event is that of a backup, which holds bodies on one line, and JSON as text. */
function isSame(kept: Event, ofBackup: Event): boolean {
  const [one, other] = [kept, ofBackup].map(({ body }) =>
    oneLine(Buffer.from(body as string).toString("latin1")).trim(),
  );
  return one === other && kept.eventType === ofBackup.eventType;
}
