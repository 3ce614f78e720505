import { bytesOfUnit, limits, unitSizes } from "./limits.ts";
import {
  cost,
  grouped,
  storeCalls,
  sum,
  useOf,
  type Circumstances,
  type Cost,
  type LimitUse,
  type ProviderPart,
  type Requests,
} from "./plan.ts";
import { monthHours, monthSeconds, prices, serviceBusTiers } from "./prices.ts";
import type { Destination, Traffic } from "./traffic.ts";

/** Calls of Table storage for a write: an update reads the row whose etag it expects. */
const callsOfWrite = 2;
/** The share of credits up to which the standard tier is planned. */
const planned = 0.7;

/** Operations, limits and costs of Service Bus and Table storage. */
export function onAzure(given: Circumstances): ProviderPart {
  const { traffic, processes, bytes } = given;
  const requests = requestsOf(traffic);
  const credits = sum(traffic.destinations, creditsOf);
  const standard = credits <= limits.serviceBusCredits.max * planned;
  const moved = bytesMoved(traffic, bytes);
  const units = unitSizes.find((size) => moved <= size * bytesOfUnit * planned) ?? unitSizes.at(-1) ?? 1;
  return {
    requests,
    limits: limitsOf(traffic, moved),
    costs: [
      ...(standard ? standardCosts(requests) : [premiumCost(units)]),
      ...tableCosts(requests),
      ...containers(processes),
    ],
    notes: [
      standard
        ? "The standard tier of Service Bus is enough."
        : `The standard tier takes ${grouped(limits.serviceBusCredits.max)} credits a second and this needs ` +
          `${grouped(credits)}: premium, with ${units} messaging ${units === 1 ? "unit" : "units"}.`,
      "A collection is one partition of Table storage.",
    ],
  };
}

function requestsOf(traffic: Traffic): Requests[] {
  const of = (service: string, action: string, to: string, perSecond: number): Requests => ({
    service,
    action,
    to,
    perSecond,
    events: perSecond,
  });
  const sent = traffic.destinations.map(({ name, rate }) => of("Service Bus", "send", name, rate));
  const handled = traffic.flows.flatMap(({ queue, rate, ordered, work }) => {
    const deliveries = rate * work.attempts;
    return [
      of("Service Bus", "receive", queue, deliveries),
      of("Service Bus", "complete", queue, deliveries),
      // A retry is a scheduled copy. The session of an ordered event is accepted and released.
      of("Service Bus", "retry", queue, deliveries - rate),
      of("Service Bus", "session", queue, ordered ? 2 * deliveries : 0),
    ];
  });
  const stored = [...storeCalls(traffic)].flatMap(([to, { reads, writes }]) => [
    of("Tables", "read", to, reads),
    of("Tables", "write", to, writes * callsOfWrite),
  ]);
  return [...sent, ...handled, ...stored].filter(({ perSecond }) => perSecond > 0);
}

/** Returns the credits a second: one for a message sent, for each filter that it passes, and for each delivery. */
function creditsOf({ kind, rate, flows }: Destination): number {
  const filters = kind === "topic" ? rate * flows.length : 0;
  const delivered = sum(flows, (flow) => flow.rate * (2 * flow.work.attempts - 1));
  return rate + filters + delivered;
}

function bytesMoved({ destinations, flows }: Traffic, bytes: number): number {
  return bytes * (sum(destinations, ({ rate }) => rate) + sum(flows, ({ rate, work }) => rate * work.attempts));
}

function limitsOf(traffic: Traffic, moved: number): (LimitUse | undefined)[] {
  const calls = [...storeCalls(traffic)].map(
    ([name, { reads, writes }]) => [name, reads + writes * callsOfWrite] as const,
  );
  return [
    useOf("Service Bus premium", limits.serviceBusPremium, [["the namespace", moved]], traffic),
    useOf("Table partition", limits.tablePartition, calls, traffic),
    useOf("Table account", limits.tableAccount, [["all stores", sum(calls, ([, count]) => count)]], traffic),
  ];
}

function standardCosts(requests: readonly Requests[]): Cost[] {
  const millions = monthly(requests, "Service Bus") / 1e6;
  const steps = serviceBusTiers.map(({ from, price }, n): Cost => {
    const upTo = serviceBusTiers[n + 1]?.from ?? Infinity;
    return cost("Service Bus operations", Math.max(0, Math.min(millions, upTo) - from), price);
  });
  return [cost("Service Bus standard", monthHours, prices.serviceBusBase), ...steps.filter(({ usd }) => usd > 0)];
}

function premiumCost(units: number): Cost {
  return cost("Service Bus premium", units * monthHours, prices.serviceBusUnit);
}

function tableCosts(requests: readonly Requests[]): Cost[] {
  return [cost("Table calls", monthly(requests, "Tables") / 10_000, prices.tableCalls)].filter(({ usd }) => usd > 0);
}

/** Returns the cost of processes with one vCPU and 2 GiB each. */
function containers(processes: number): Cost[] {
  return [
    cost("Container Apps processors", processes * monthSeconds, prices.containerProcessor),
    cost("Container Apps memory", processes * 2 * monthSeconds, prices.containerMemory),
  ];
}

function monthly(requests: readonly Requests[], service: string): number {
  return (
    sum(
      requests.filter((one) => one.service === service),
      ({ perSecond }) => perSecond,
    ) * monthSeconds
  );
}
