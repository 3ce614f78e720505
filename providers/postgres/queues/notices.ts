import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import type { PostgresClient } from "../client.ts";

/** How long notices are gathered, in ms. */
const gatherMs = 25;
/** The maximum length of a payload, in characters: the server takes less than 8,000. */
const maxPayload = 7_000;
/** Names all subscriptions. */
const all = "*";

/**
 * Tells other processes which subscriptions have new messages.
 *
 * A notice in a transaction has all commits of a server wait for each other, so that it is sent by itself, for the
 * commits of a moment together. What the polls of this process have taken meanwhile needs none.
 */
export class Notices {
  readonly #client: PostgresClient;
  readonly #clock: Clock;
  /** Tells the notices of this process from those of others. */
  readonly #sender: string = randomUUID().slice(0, 8);
  readonly #published = new Map<number, number>();
  /** Subscriptions whose messages became due some time ago: a look for them is to have no bounds. */
  readonly #late = new Set<number>();
  #timer: Timer | undefined;

  constructor(client: PostgresClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Remembers that messages became due. @param late true if that may have been a while ago. @default false */
  published(subscription: number, count: number, late = false): void {
    if (late) this.#late.add(subscription);
    this.#published.set(subscription, (this.#published.get(subscription) ?? 0) + count);
    this.#timer ??= this.#clock.after(gatherMs, () => void this.#send());
  }

  /** Remembers that this process took messages. @param drained whether it found no more. */
  took(subscription: number, count: number, drained: boolean): void {
    const left = (this.#published.get(subscription) ?? 0) - count;
    if (left <= 0 || drained) this.#published.delete(subscription);
    else this.#published.set(subscription, left);
  }

  /** Returns the subscriptions of a notice, negative for late ones; `all`; or nothing for one of this process. */
  read(payload: string): readonly number[] | "all" | undefined {
    const [sender, ids = ""] = payload.split(":", 2);
    if (sender === this.#sender) return undefined;
    return ids === all ? "all" : ids.split(",").map(Number);
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#published.keys()].map((id) => (this.#late.has(id) ? -id : id)).join(",");
    this.#published.clear();
    this.#late.clear();
    if (ids === "") return;
    const payload = `${this.#sender}:${ids.length > maxPayload ? all : ids}`;
    // A lost notice only costs time: other processes look by themselves now and then.
    await this.#client
      .query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)", [this.#client.channel, payload])
      .catch(() => {});
  }
}
