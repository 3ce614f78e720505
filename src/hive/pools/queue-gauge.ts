import type { Clock } from "../../base/clock.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import type { QueueName } from "../../events/queue-name.ts";

/** The bounds of a time to wait until a full queue has room, in ms; the default before a second count. */
const waitMs = { min: 1_000, max: 60_000, unknown: 5_000 };

/**
 * The number of ready events in a queue, as far as this process knows.
 *
 * Counts now and then, since each count is a request on a cloud, and adds its own pushes in between. So it is never too
 * low by the pushes of this process.
 */
export class QueueGauge {
  readonly name: QueueName;
  readonly #queues: Pick<QueueOperator, "counts">;
  readonly #clock: Clock;
  #counted = 0;
  #countedAt = -Infinity;
  #added = 0;
  /** The events that left between the last two counts, by ms. */
  #drain = 0;
  #counting: Promise<void> | undefined;

  constructor(name: QueueName, queues: Pick<QueueOperator, "counts">, clock: Clock) {
    this.name = name;
    this.#queues = queues;
    this.#clock = clock;
  }

  /** The ready events: at the last count, with the pushes of this process since. */
  get ready(): number {
    return this.#counted + this.#added;
  }

  /** Notes events that this process publishes to the queue. */
  add(events: number): void {
    this.#added += events;
  }

  /** Counts, unless a count is younger than `maxAgeMs`. Calls at the same time share a count. */
  async look(maxAgeMs: number): Promise<void> {
    if (!this.#counting && Math.abs(this.#clock.now() - this.#countedAt) < maxAgeMs) return;
    await (this.#counting ??= this.#count().finally(() => (this.#counting = undefined)));
  }

  async #count(): Promise<void> {
    const before = this.#added;
    const { ready } = await this.#queues.counts(this.name);
    const now = this.#clock.now();
    const ms = now - this.#countedAt;
    if (ms > 0 && ms < Infinity) this.#drain = Math.max(0, this.#counted + before - ready) / ms;
    this.#counted = ready;
    this.#countedAt = now;
    // Events that were pushed meanwhile may be missing in the count.
    this.#added -= before;
  }

  /** Returns how long it takes until only `room` events are ready, at the last rate, in ms. */
  msUntil(room: number): number {
    if (this.#drain === 0) return waitMs.unknown;
    const ms = Math.ceil((this.ready - room) / this.#drain);
    return Math.min(waitMs.max, Math.max(waitMs.min, ms));
  }
}
