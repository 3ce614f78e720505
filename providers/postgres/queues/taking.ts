import type { Clock } from "../../../src/base/clock.ts";
import type { UnreadableRow } from "../../../src/provider-kit/unreadable-rows.ts";
import type { PostgresClient } from "../client.ts";
import type { ServerClock } from "../server-clock.ts";
import { PostgresLease } from "./lease.ts";
import { readMessage, type MessageRow } from "./message.ts";
import type { Subscription, Topology } from "./topology.ts";

/** How often a look for messages has no lower bound, in ms: it finds what was committed late. */
const sweepMs = 5_000;

/** The parts that taking works with. */
export interface TakingParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly topology: Topology;
  readonly token: () => number;
  readonly process: () => number | null;
}

/** What a look for messages found. */
export interface Taken {
  readonly leases: PostgresLease[];
  readonly unreadable: readonly UnreadableRow<PostgresLease>[];
  /** The time until the next message is due, in ms; 0 when there may be one, `Infinity` when there is none. */
  readonly waitMs: number;
}

interface TakenRow extends MessageRow {
  readonly what: "topology" | "lease" | "wait" | "low";
  readonly id: number | null;
  readonly lease: number | null;
  readonly line: string | null;
  readonly attempts: number;
  readonly first_seen: number;
}

/** What is known of the ids of a subscription. */
interface Bound {
  /** No message that was committed in time has a smaller id. */
  low: number;
  /** The last id that was given when the bound was last worked out. */
  last: number;
  sweptAt: number;
}

/** Leases messages for polls. */
export class Taking {
  readonly #parts: TakingParts;
  readonly #bounds = new Map<number, Bound>();

  constructor(parts: TakingParts) {
    this.#parts = parts;
  }

  /** Leases up to `max` messages. Returns `undefined` when the topology had changed: it was read anew. */
  async take(subscription: Subscription, max: number, leaseMs: number): Promise<Taken | undefined> {
    const { client, clock, serverClock, topology, token, process } = this.#parts;
    const sentAt = clock.now();
    const claim = token();
    const values = [topology.version, subscription.id, max, leaseMs, claim, process(), this.#low(subscription, sentAt)];
    const { rows } = await client.call<TakenRow>("take_1", values, { soft: true });
    const leases: PostgresLease[] = [];
    const unreadable: UnreadableRow<PostgresLease>[] = [];
    let waitMs = 0;
    for (const row of rows) {
      if (row.what === "topology") {
        await topology.read();
        return undefined;
      }
      if (row.what === "low") this.#learn(subscription, row.id, row.lease ?? 0, sentAt);
      else if (row.what === "wait") {
        waitMs = row.lease ?? Infinity;
        if (row.id !== null) serverClock.observe(row.id, sentAt);
      } else {
        const { event, problem } = readMessage(row, subscription.name.toString());
        const lease = new PostgresLease({
          id: row.id ?? 0,
          token: claim,
          subscription,
          line: row.line,
          event,
          attempt: row.attempts,
          firstSeen: row.first_seen,
          expiresAt: sentAt + leaseMs,
        });
        if (problem) unreadable.push({ lease, problem });
        else leases.push(lease);
      }
    }
    leases.sort((one, other) => one.id - other.id);
    return { leases, unreadable, waitMs };
  }

  /** Has the next look find all messages, since one of a smaller id than expected is due. */
  unbound(id: number): void {
    this.#bounds.delete(id);
  }

  /** Returns the id below which all that was committed in time is gone. */
  low(id: number): number {
    return this.#bounds.get(id)?.low ?? 0;
  }

  /** Returns the smallest id to look at; 0 for all. */
  #low({ id }: Subscription, now: number): number {
    const bound = this.#bounds.get(id);
    return bound === undefined || Math.abs(now - bound.sweptAt) >= sweepMs ? 0 : bound.low;
  }

  /**
   * @param first the smallest id that lives.
   * @param last the last id that was given. What was given since the look before this one may not be committed yet.
   */
  #learn({ id }: Subscription, first: number | null, last: number, now: number): void {
    const before = this.#bounds.get(id)?.last ?? 0;
    this.#bounds.set(id, { low: Math.min(first ?? before, before), last, sweptAt: now });
  }
}
