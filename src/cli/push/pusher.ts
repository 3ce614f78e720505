import { systemClock } from "../../base/clock.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import type { Event } from "../../events/event.ts";
import type { Recording } from "../../journal/recording.ts";

/** Pushes events in batches and in order, so that one number describes the progress. */
export class Pusher {
  readonly #queues: QueueOperator | undefined;
  readonly #size: number;
  readonly #recording: Recording | undefined;
  #batch: Event[] = [];
  #bytes = 0;
  #taken = 0;
  /** The number of events given to the provider, including duplicates. */
  pushed = 0;
  /** The number of duplicates that the provider dropped; `undefined` once the provider does not know. */
  dropped: number | undefined = 0;
  /** The number of the last item up to which all items are pushed or skipped. */
  done: number;

  /**
   * @param queues The queues to push to; undefined to only count.
   * @param done The number of the last item that an earlier run has handled.
   * @param recording The journal entries of the push.
   */
  constructor(queues: QueueOperator | undefined, size: number, done: number, recording?: Recording) {
    this.#recording = recording;
    this.#queues = queues;
    this.#size = size;
    this.done = done;
  }

  /** Adds the event of an item, and pushes a full batch. */
  async add(event: Event, number: number): Promise<void> {
    this.#batch.push(event);
    this.#bytes += event.body.length;
    this.#taken = number;
    if (this.#batch.length >= this.#size || this.#bytes >= maxBytes) await this.flush();
  }

  /** Skips an item without an event. */
  pass(number: number): void {
    this.#taken = number;
  }

  async flush(): Promise<void> {
    if (this.#batch.length > 0 && this.#queues) {
      const startedAt = systemClock.now();
      const dropped = await this.#queues.push(this.#batch);
      this.dropped = dropped === undefined || this.dropped === undefined ? undefined : this.dropped + dropped;
      this.#recording?.pushed(this.#batch, startedAt);
    }
    this.pushed += this.#batch.length;
    this.done = Math.max(this.done, this.#taken);
    this.#batch = [];
    this.#bytes = 0;
  }
}

/** Bytes in a batch, so that large events do not fill the memory. */
const maxBytes = 1024 * 1024;
