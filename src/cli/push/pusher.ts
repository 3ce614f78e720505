import { systemClock } from "../../base/clock.ts";
import type { Event } from "../../events/event.ts";
import type { Recording } from "../../journal/recording.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";

/** Pushes events in batches, in the order they are given, so that one number tells how far it came. */
export class Pusher {
  readonly #queues: QueueOperator | undefined;
  readonly #size: number;
  readonly #recording: Recording | undefined;
  #batch: Event[] = [];
  #bytes = 0;
  #taken = 0;
  /** How many events were handed over, those that were dropped included. */
  pushed = 0;
  /** How many of them were dropped as duplicates; `undefined` once the provider could not tell. */
  dropped: number | undefined = 0;
  /** The number of the last item up to which everything was pushed, or passed over. */
  done: number;

  /**
   * @param queues none to only count.
   * @param done the number of the last item that was dealt with before.
   * @param recording where it is written down what was pushed.
   */
  constructor(queues: QueueOperator | undefined, size: number, done: number, recording?: Recording) {
    this.#recording = recording;
    this.#queues = queues;
    this.#size = size;
    this.done = done;
  }

  /** Takes the event of an item; pushes what it has when that is a batch. */
  async add(event: Event, number: number): Promise<void> {
    this.#batch.push(event);
    this.#bytes += event.body.length;
    this.#taken = number;
    if (this.#batch.length >= this.#size || this.#bytes >= maxBytes) await this.flush();
  }

  /** Passes over an item that has no event. */
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

/** What a batch holds at the most, so that large events do not fill the memory. */
const maxBytes = 1024 * 1024;
