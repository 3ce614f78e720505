import type { Clock, Timer } from "../../../src/base/clock.ts";
import type { PostgresClient } from "../client.ts";
import type { Listener } from "./listener.ts";
import type { Taking } from "./taking.ts";
import type { Topology } from "./topology.ts";
import type { Waiting } from "./waiting.ts";

/** How often a process looks that is told nothing, in ms: less and less often while it finds nothing. */
const untoldMs = { min: 50, max: 1_000, factor: 1.5 };
/** Every so many looks are for all messages; the others leave out what was dead at the last sweep. */
const fullEvery = 3;

/** The parts that looking works with. */
export interface LookingParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly waiting: Waiting;
  readonly taking: Taking;
  readonly listener: Listener;
  /** How often a process looks that is told of new messages, in ms. */
  readonly pollMs: number;
}

interface LookRow {
  readonly what: "topology" | "taken" | "wait";
  readonly subscription: number;
  readonly wait: number | null;
}

/**
 * Looks, while polls wait, for what nobody tells: messages that come due, leases that end, processes that died.
 *
 * A single statement serves all polls of the process.
 */
export class Looking {
  readonly #parts: LookingParts;
  #timer: Timer | undefined;
  #untoldMs: number = untoldMs.min;
  #looks = 0;
  #closed = false;

  constructor(parts: LookingParts) {
    this.#parts = parts;
    parts.waiting.onWait(() => this.#lookLater());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #lookLater(): void {
    const { clock, listener, pollMs } = this.#parts;
    if (this.#closed) return;
    this.#timer ??= clock.after(listener.listening ? pollMs : Math.min(pollMs, this.#untoldMs), () => {
      void this.#look().finally(() => {
        this.#timer = undefined;
        if (this.#parts.waiting.count > 0) this.#lookLater();
      });
    });
  }

  async #look(): Promise<void> {
    const { client, clock, topology, waiting, taking, listener } = this.#parts;
    const subscriptions = waiting.subscriptions();
    if (subscriptions.length === 0) return;
    const isFull = this.#looks++ % fullEvery === 0;
    this.#untoldMs = Math.min(untoldMs.max, this.#untoldMs * untoldMs.factor);
    try {
      const lows = subscriptions.map((id) => (isFull ? { id: 0, line: 0 } : taking.low(id)));
      const [ids, lines] = [lows.map(({ id }) => id), lows.map(({ line }) => line)];
      const values = [topology.version, client.lockKey, listener.process, subscriptions, ids, lines];
      const now = clock.now();
      const { rows } = await client.call<LookRow>("look_2", values, { soft: true });
      for (const { what, subscription, wait } of rows) {
        if (what === "topology") {
          await topology.read();
          waiting.touchAll();
        } else if (what === "wait" && wait !== null && now + wait < waiting.dueAt(subscription)) {
          if (wait === 0) {
            taking.unbound(subscription);
            this.#untoldMs = untoldMs.min;
          }
          waiting.touch(subscription);
        }
      }
    } catch {
      // No caller could catch it here. The polls that wake look themselves, and say what is wrong.
      if (!this.#closed) waiting.touchAll();
    }
  }
}
