import { resolveActors } from "../../actors/resolve-actors.ts";
import type { ActorDescriptor } from "../../actors/actor.ts";
import type { Publisher } from "../../actors/publishes.ts";
import { checkedNumber } from "../../base/checked-number.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { numberBetween, numberFrom, wholeNumber } from "../../base/numbers.ts";
import type { EventType } from "../../events/event-type.ts";
import { makeEventGraph } from "../graph/make-event-graph.ts";
import { injectedTokens } from "../../actors/injection/injected-stores.ts";
import type { StoreKind } from "../../actors/injection/tokens.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Pulser } from "../../actors/pulses/pulser.ts";
import { onAws } from "./aws.ts";
import { onAzure } from "./azure.ts";
import { workOf, checkWork, type ActorWork, type Calls } from "./work.ts";
import { callTimes } from "./calls.ts";
import { entriesOf, type Rate } from "./entries.ts";
import { observe } from "./observe.ts";
import {
  providerNames,
  sum,
  useOf,
  type Circumstances,
  type LimitUse,
  type Plan,
  type ProviderName,
  type ProviderPart,
} from "./plan.ts";
import { onPostgres } from "./postgres.ts";
import { rehearse, type Burst, type Rehearsal } from "./rehearsal.ts";
import { processesFor, slotsOf, type Slots } from "./slots.ts";
import { onSqlite } from "./sqlite.ts";
import { trafficOf, type Traffic } from "./traffic.ts";

/** The actors to plan for, and the rates at their entries. */
export interface EstimateOptions extends Pick<
  Parameters<typeof resolveActors>[0],
  "actors" | "defaults" | "overrides"
> {
  /** Events a second at the entries: one rate, `"200/s"`, for all of them or for the only one, or rates by name. */
  readonly rates?: Rate | Readonly<Record<string, Rate>> | undefined;
  /** The providers to plan for. @default All. */
  readonly for?: readonly ProviderName[] | undefined;
  /** The work of actors, by their names or subscriptions. It wins over the journal. */
  readonly work?: Readonly<Record<string, ActorWork>> | undefined;
  /** The journal whose durations, retries, fan-out and rates are taken. @default None. */
  readonly observed?: Pick<Journal, "read"> | undefined;
  /** The provider of that journal: for it, durations hold calls of stores already. */
  readonly observedOn?: ProviderName | undefined;
  /** The share of slots and processor time that stays free on average. @default 0.3 */
  readonly headRoom?: number | undefined;
  /** Bytes of an event, with its properties. @default 1_024 */
  readonly bytes?: number | undefined;
  /** Plans for queues with a backlog, where each request is full. @default false */
  readonly backlog?: boolean | undefined;
  /** The burst of the rehearsal. @default Three times the rates for 10 s. */
  readonly burst?: Burst | undefined;
  /** The seed of the rehearsal. @default 1 */
  readonly seed?: number | undefined;
  readonly pulsers?: readonly Pulser[] | undefined;
  /** Destinations that code outside the actors publishes to. */
  readonly publishes?: Publisher["publishes"];
  readonly eventTypes?: readonly EventType<unknown>[] | undefined;
  readonly entries?: readonly string[] | undefined;
}

/** The plans for some providers. */
export interface Estimate {
  readonly traffic: Traffic;
  readonly plans: readonly (Plan & { readonly rehearsal: Rehearsal })[];
  readonly burst: Burst;
  /** Values that nobody gave and no journal has seen, in words. */
  readonly assumed: readonly string[];
}

const parts: Readonly<Record<ProviderName, (given: Circumstances) => ProviderPart>> = {
  aws: onAws,
  azure: onAzure,
  postgres: onPostgres,
  sqlite: onSqlite,
};

/**
 * Plans an application before it runs: slots and processes, requests, limits and costs by provider.
 *
 * Runs no actor and asks no cloud.
 *
 * @throws BeeHiveError `InvalidConfiguration` for a wrong option, an entry without a rate, or a cycle whose events
 *   multiply.
 * @example
 * const { plans } = await estimate({ actors, rates: "200/s", for: ["aws", "postgres"] });
 * for (const { provider, processes, monthlyUsd, limits } of plans) console.log(provider, processes, monthlyUsd, limits[0]);
 */
export async function estimate(options: EstimateOptions): Promise<Estimate> {
  const { work = {}, burst = { times: 3, seconds: 10 }, seed = 1, bytes = 1_024, headRoom = 0.3 } = options;
  checkedNumber("estimate", "headRoom", headRoom, numberBetween(0, 0.9));
  checkedNumber("estimate", "bytes", bytes, wholeNumber(1));
  checkedNumber("estimate", "burst.times", burst.times, numberFrom(1));
  checkedNumber("estimate", "burst.seconds", burst.seconds, numberFrom(0));
  const descriptors = await resolveActors(options);
  checkWork(work, descriptors);
  const observation = options.observed && (await observe(options.observed));
  const workers = descriptors.map((descriptor) => {
    const { name, queueName } = descriptor;
    const seen = observation?.actors.get(String(queueName));
    const given = { ...work[name], ...work[String(queueName)] };
    return { descriptor, work: workOf(descriptor, given, seen, storesOf(descriptor)) };
  });
  const { pulsers, publishes, eventTypes, entries } = options;
  const graph = makeEventGraph({ descriptors, pulsers, publishes, eventTypes, entries });
  const traffic = trafficOf(workers, entriesOf(graph, pulsers ?? [], options.rates, observation?.rates));
  const plans = (options.for ?? providerNames).map((provider) => {
    const plan = planFor(provider, traffic, { ...options, headRoom, bytes });
    return { ...plan, rehearsal: rehearse(traffic, plan.slots, burst, seed) };
  });
  return { traffic, plans, burst, assumed: assumedOf(traffic) };
}

function planFor(
  provider: ProviderName,
  traffic: Traffic,
  {
    headRoom,
    bytes,
    backlog = false,
    observedOn,
  }: EstimateOptions & { readonly headRoom: number; readonly bytes: number },
): Plan {
  const part = parts[provider] as (typeof parts)[ProviderName] | undefined;
  if (!part)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `estimate: there is no plan for "${provider}"; there are plans for ${providerNames.join(", ")}.`,
    );
  const times = callTimes[provider];
  const slots = slotsOf(traffic, times, headRoom, observedOn === provider);
  const { count: processes, processors, note } = processesFor(traffic, slots, times, headRoom);
  const { requests, limits, costs, notes } = part({ traffic, slots, processes, processors, bytes, backlog });
  const inOrder = [...limits, ...keyUses(traffic, slots)]
    .filter((use) => use !== undefined)
    .toSorted((a, b) => a.reachedAt - b.reachedAt);
  return {
    provider,
    processes,
    slots,
    requests,
    limits: inOrder,
    fits: inOrder.every(({ used, max }) => used <= max),
    costs,
    monthlyUsd: sum(costs, ({ usd }) => usd),
    notes: note === undefined ? notes : [...notes, note],
  };
}

/** Returns how near the keys of ordered actors are to the most that one key gets: its events wait for each other. */
function keyUses(traffic: Traffic, slots: readonly Slots[]): (LimitUse | undefined)[] {
  return traffic.flows.map(({ queue, rate, work }, n) => {
    const max = slots[n]?.perKey;
    const bound = max === undefined ? undefined : { max, unit: "events/s", source: "one event of a key at a time" };
    return bound && useOf("order by key", bound, [[`one key of ${queue}`, rate / work.keys]], traffic);
  });
}

/** Calls that are assumed of an injected store, by its kind; key-value stores are not planned. */
const assumedCalls: Readonly<Record<StoreKind, Calls | undefined>> = {
  collection: { reads: 1, writes: 1, items: Infinity },
  "keyed list": { reads: 1, writes: 1, items: Infinity },
  // With an idempotency key, as is right on a cloud.
  counters: { reads: 2, writes: 1, items: Infinity },
  locks: { reads: 0, writes: 2, items: Infinity },
  // The entity, an entry of an index and the event, at the double price of a transaction.
  entities: { reads: 2, writes: 6, items: Infinity },
  "key-value": undefined,
};

function storesOf({ actorType }: ActorDescriptor): Map<string, Calls> {
  const stores = new Map<string, Calls>();
  for (const { kind, name } of injectedTokens([actorType]) ?? []) {
    const calls = assumedCalls[kind];
    if (calls) stores.set(name === "" ? kind : name, calls);
  }
  return stores;
}

const assumptions = {
  duration: "an attempt takes 10 ms",
  attempts: "nothing is tried again",
  publishes: "an event leads to one event at each destination that its actor declares",
  stores: "an actor reads and writes each injected store once",
} as const;

function assumedOf({ flows }: Traffic): string[] {
  return Object.entries(assumptions).flatMap(([name, words]) => {
    const actors = flows.filter(({ work }) => work.assumed.some((one) => one === name));
    if (actors.length === 0) return [];
    const who =
      actors.length === flows.length ? "all actors" : [...new Set(actors.map(({ actor }) => actor))].join(", ");
    return [`${words} (${who})`];
  });
}
