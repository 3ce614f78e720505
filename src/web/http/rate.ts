import type { Clock } from "../../base/clock.ts";

/** Tokens of one client, as they were at a time. */
interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Known clients at the most; the one that was seen least recently is forgotten, and has all its tokens again. */
const maxClients = 10_000;

/** Counts the requests of each client: `limit` at once, and as many within each span after that. */
export class Rate {
  readonly #buckets = new Map<string, Bucket>();
  readonly #limit: number;
  readonly #perMs: number;
  readonly #clock: Clock;

  constructor(limit: number, perMs: number, clock: Clock) {
    this.#limit = limit;
    this.#perMs = perMs;
    this.#clock = clock;
  }

  /** Takes a token. Returns 0, or the time until there is one, in ms. */
  take(client: string): number {
    const now = this.#clock.now();
    const { tokens: before, at } = this.#buckets.get(client) ?? { tokens: this.#limit, at: now };
    const tokens = Math.min(this.#limit, before + (Math.max(0, now - at) * this.#limit) / this.#perMs);
    // Deleted first: a map keeps the order in which its keys were added.
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value as string);
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * this.#perMs) / this.#limit);
  }
}
