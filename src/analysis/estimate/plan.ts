import type { Calls } from "./work.ts";
import type { Bound } from "./limits.ts";
import type { Price } from "./prices.ts";
import type { Slots } from "./slots.ts";
import type { Traffic } from "./traffic.ts";

/** Requests of one kind, to one queue, topic or store. */
export interface Requests {
  readonly service: string;
  readonly action: string;
  readonly to: string;
  readonly perSecond: number;
  /** Events a second in them, or calls of a store. */
  readonly events: number;
}

/** The use of a limit of a provider. */
export interface LimitUse {
  readonly limit: string;
  /** The queue, topic or store that reaches it first. */
  readonly at: string;
  readonly used: number;
  readonly max: number;
  readonly unit: string;
  /** The rate at the entries at which it is reached, in events a second. */
  readonly reachedAt: number;
  /** True if the provider raises it on request. */
  readonly raised: boolean;
  readonly source: string;
}

/** An item of the bill of a month. */
export interface Cost {
  readonly item: string;
  readonly quantity: number;
  readonly usd: number;
  readonly price: Price;
}

/** The plan for one provider. */
export interface Plan {
  readonly provider: ProviderName;
  readonly processes: number;
  readonly slots: readonly Slots[];
  readonly requests: readonly Requests[];
  /** Limits in the order in which a growing rate reaches them. */
  readonly limits: readonly LimitUse[];
  /** False if a limit is below the rate. */
  readonly fits: boolean;
  readonly costs: readonly Cost[];
  readonly monthlyUsd: number;
  readonly notes: readonly string[];
}

export const providerNames = ["aws", "azure", "postgres", "sqlite"] as const;
export type ProviderName = (typeof providerNames)[number];

/** The circumstances of a plan. */
export interface Circumstances {
  readonly traffic: Traffic;
  readonly slots: readonly Slots[];
  readonly processes: number;
  /** Processors that all processes need. */
  readonly processors: number;
  /** Bytes of an event, with its properties. */
  readonly bytes: number;
  /** True if queues hold more than a full request takes, so that all requests are full. */
  readonly backlog: boolean;
}

/** The part of a plan that depends on the provider. */
export type ProviderPart = Pick<Plan, "requests" | "costs" | "notes"> & {
  readonly limits: readonly (LimitUse | undefined)[];
};

/** Returns the use of a limit by whatever uses most of it; `undefined` when nothing does. */
export function useOf(
  limit: string,
  { max, unit, source, raised = false }: Bound,
  uses: Iterable<readonly [at: string, used: number]>,
  { entries }: Traffic,
): LimitUse | undefined {
  const [most] = [...uses].toSorted(([, a], [, b]) => b - a);
  if (!most || most[1] <= 0) return undefined;
  const [at, used] = most;
  const rate = [...entries.values()].reduce((sum, one) => sum + one, 0);
  return { limit, at, used, max, unit, reachedAt: (rate * max) / used, raised, source };
}

/** Returns an item of a bill. @param quantity in the unit of the price, a month. */
export function cost(item: string, quantity: number, price: Price): Cost {
  return { item, quantity, usd: quantity * price.usd, price };
}

/** Returns the calls of each store, by all actors, a second. */
export function storeCalls({ flows }: Traffic): Map<string, Calls> {
  const calls = new Map<string, Calls>();
  for (const { rate, work } of flows)
    for (const [name, { reads, writes, items }] of work.stores) {
      const before = calls.get(name) ?? { reads: 0, writes: 0, items: Infinity };
      const times = rate * work.attempts;
      calls.set(name, {
        reads: before.reads + reads * times,
        writes: before.writes + writes * times,
        items: Math.min(before.items, items),
      });
    }
  return calls;
}

/** Returns the commits of steps to a database, by queue. A database commits many of them together. */
export function commits(service: string, { flows }: Traffic): Requests[] {
  return flows.map(({ queue, rate, work }) => {
    const perSecond = rate * work.attempts;
    return { service, action: "commit", to: queue, perSecond, events: perSecond };
  });
}

/** Returns a whole number for people. */
export function grouped(value: number): string {
  return Math.ceil(value).toLocaleString("en-US");
}

/** Returns the sum of a measure. */
export function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
