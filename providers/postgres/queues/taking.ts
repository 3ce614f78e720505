import type { Clock } from "../../../src/base/clock.ts";
import type { UnreadableRow } from "../../../src/provider-kit/unreadable-rows.ts";
import type { PostgresClient } from "../client.ts";
import type { ServerClock } from "../server-clock.ts";
import { PostgresLease } from "./lease.ts";
import { placeOf, readMessage, type MessageRow } from "./message.ts";
import type { Subscription, Topology } from "./topology.ts";

/** How often a look for messages has no lower bound, in ms: it finds what was committed late. */
const sweepMs = 5_000;
/** How long a transaction may take that gives ids, in ms. A longer one is found by a sweep. */
const lateMs = 1_000;
/** The same for the time at which a line is due. */
const lateLineMs = 500;
/** How often a look has no lower bound when something was said to be there and is not found, in ms. */
const missedMs = 1_000;
/** The least events that an ordered subscription takes from the log at once. */
const minFed = 64;

/** The parts that taking works with. */
export interface TakingParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly topology: Topology;
  readonly token: () => number;
  readonly process: () => number | null;
}

/** The result of a look for messages. */
export interface Taken {
  readonly leases: PostgresLease[];
  readonly unreadable: readonly UnreadableRow<PostgresLease>[];
  /** The time until the next message is due, in ms; 0 when there may be one, `Infinity` when there is none. */
  readonly waitMs: number;
}

interface TakenRow extends MessageRow {
  readonly what: "topology" | "lease" | "wait" | "last" | "enter" | "feed" | "unread";
  readonly id: number | null;
  readonly lease: number | null;
  readonly line: string | null;
  readonly attempts: number;
  readonly first_seen: number | null;
}

/** The known bounds of a subscription. */
export interface Low {
  /** No message that was committed in time has a smaller id. */
  readonly id: number;
  /** No line that was committed in time was due before, by the clock of the server. */
  readonly line: number;
}

const unbounded: Low = { id: 0, line: 0 };

interface Bound {
  low: Low;
  /** The last ids that were given, and when that was known; the newest last. */
  given: readonly Given[];
  sweptAt: number;
}

interface Given {
  readonly last: number;
  readonly at: number;
}

/** The facts of a look, by which bounds are raised. */
interface Found extends Given {
  /** The smallest id from the bound on that lives; `null` for none. */
  readonly first: number | null;
  /** The time before which no line is due, by the clock of the server. */
  readonly line: number;
}

/** Leases messages for polls. */
export class Taking {
  readonly #parts: TakingParts;
  readonly #bounds = new Map<number, Bound>();

  constructor(parts: TakingParts) {
    this.#parts = parts;
  }

  /**
   * Leases up to `max` messages. Returns `undefined` when the topology had changed: it was read anew.
   *
   * @param said whether a message was said to be there. One that is not found may have been committed late.
   */
  async take(subscription: Subscription, max: number, leaseMs: number, said: boolean): Promise<Taken | undefined> {
    const taken = await this.#take(subscription, max, leaseMs);
    if (!said || taken === undefined || taken.leases.length > 0 || taken.unreadable.length > 0) return taken;
    const sweptAt = this.#bounds.get(subscription.id)?.sweptAt ?? 0;
    if (Math.abs(this.#parts.clock.now() - sweptAt) < missedMs) return taken;
    this.unbound(subscription.id);
    return await this.#take(subscription, max, leaseMs);
  }

  async #take(subscription: Subscription, max: number, leaseMs: number): Promise<Taken | undefined> {
    const { client, clock, serverClock, topology, token, process } = this.#parts;
    const sentAt = clock.now();
    const claim = token();
    const low = this.#low(subscription, sentAt);
    const values = [topology.version, subscription.id, max, leaseMs, claim, process(), low.id, low.line];
    const { rows } = await client.call<TakenRow>(subscription.kept ? "take_2" : "take_1", values, { soft: true });
    const leases: PostgresLease[] = [];
    const unreadable: UnreadableRow<PostgresLease>[] = [];
    let waitMs = 0;
    let first: number | null = null;
    for (const row of rows) {
      if (row.what === "topology") {
        await topology.read();
        return undefined;
      }
      if (row.what === "enter") {
        await client.call("enter_1", [row.id]);
        return await this.#take(subscription, max, leaseMs);
      }
      if (row.what === "feed") {
        await client.call("feed_1", [subscription.id, Math.max(max, minFed)], { soft: true });
        if (leases.length === 0) return await this.#take(subscription, max, leaseMs);
      }
      if (row.what === "feed" || row.what === "unread") waitMs = 0;
      else if (row.what === "last")
        this.#learn(subscription, low, { first, last: row.id ?? 0, line: row.lease ?? 0, at: sentAt });
      else if (row.what === "wait") {
        waitMs = row.lease ?? Infinity;
        first = row.first_seen;
        if (row.id !== null) serverClock.observe(row.id, sentAt);
      } else {
        const { event, problem } = readMessage(row, subscription.name.toString());
        const { position, replayed } = placeOf(row);
        const lease = new PostgresLease({
          id: row.id ?? 0,
          token: claim,
          subscription,
          line: row.line,
          event,
          attempt: row.attempts,
          firstSeen: row.first_seen ?? sentAt,
          expiresAt: sentAt + leaseMs,
          position,
          replayed,
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
    const bound = this.#bounds.get(id);
    if (bound) Object.assign(bound, { low: unbounded, sweptAt: -Infinity });
  }

  /** Returns the bounds below which all that was committed in time is gone. */
  low(id: number): Low {
    return this.#bounds.get(id)?.low ?? unbounded;
  }

  /** Returns the bounds of a look; none now and then. */
  #low({ id }: Subscription, now: number): Low {
    const bound = this.#bounds.get(id);
    return bound === undefined || Math.abs(now - bound.sweptAt) >= sweepMs ? unbounded : bound.low;
  }

  /**
   * Raises the bounds to the first message and line, but no further than to the ids and the time of a moment ago: later
   * ones may not be committed yet.
   */
  #learn({ id }: Subscription, low: Low, { first, last, line, at: now }: Found): void {
    const bound = this.#bounds.get(id) ?? { low: unbounded, given: [], sweptAt: now };
    this.#bounds.set(id, bound);
    const newest = bound.given.at(-1);
    if (!newest || now - newest.at >= lateMs / 4 || now < newest.at) bound.given = [...bound.given, { last, at: now }];
    const settled = bound.given.findLastIndex(({ at }) => now - at >= lateMs);
    if (settled > 0) bound.given = bound.given.slice(settled);
    const committed = settled < 0 ? 0 : (bound.given[0]?.last ?? 0);
    const next: Low = { id: Math.min(first ?? committed, committed), line: line - lateLineMs };
    const swept = low === unbounded;
    bound.low = swept ? next : { id: Math.max(bound.low.id, next.id), line: Math.max(bound.low.line, next.line) };
    if (swept) bound.sweptAt = now;
  }
}
