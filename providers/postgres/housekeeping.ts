import type { Clock, Timer } from "../../src/base/clock.ts";
import type { PostgresClient } from "./client.ts";

/** The time between two rounds, in ms, while there are commits; and the rows that one round deletes of each table. */
const roundMs = 5_000;
const nextRoundMs = 200;
const maxRows = 1_000;

/**
 * Deletes expired items and ids, and what topics no longer keep, a little at a time.
 *
 * A single process at a time does it, and none while nothing is committed.
 */
export class Housekeeping {
  readonly #client: PostgresClient;
  readonly #clock: Clock;
  readonly #windowMs: number;
  #timer: Timer | undefined;
  #closed = false;

  /** @param windowMs how long the id of an event is known. */
  constructor(client: PostgresClient, clock: Clock, windowMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** Must be called after commits. */
  committed(): void {
    this.#roundIn(roundMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #roundIn(ms: number): void {
    if (this.#closed) return;
    this.#timer ??= this.#clock.after(ms, () => void this.#round());
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    try {
      const { rows } = await this.#client.call<{ readonly t: number }>(
        "prune_1",
        [this.#client.lockKey, this.#windowMs, maxRows],
        { soft: true },
      );
      const { rows: trimmed } = await this.#client.call<{ readonly t: boolean }>(
        "trim_1",
        [this.#client.lockKey, maxRows, true],
        { soft: true },
      );
      if ((rows[0]?.t ?? 0) >= maxRows || trimmed[0]?.t === true) this.#roundIn(nextRoundMs);
    } catch {
      // A later round tries again.
    }
  }
}
