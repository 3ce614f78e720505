import { BeeHiveError } from "../../base/errors.ts";
import type { EventGraph } from "../graph/event-graph.ts";
import type { Pulser } from "../../actors/pulses/pulser.ts";
import { destination } from "../../actors/descriptor.ts";
import { nextTime } from "../../actors/pulses/schedule.ts";
import { topicOrQueue } from "./work.ts";

/** Events in a length of time: `"200/s"`, `"1_000/m"`, `"5_000/h"`, or a number a second. */
export type Rate = number | `${number}/${"s" | "m" | "h" | "d"}` | (string & {});

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Returns events a second. @throws BeeHiveError `InvalidConfiguration`. */
function perSecond(rate: Rate): number {
  const [, number = "", unit = ""] = /^\s*([\d._]+)\s*\/\s*([smhd])\s*$/.exec(String(rate)) ?? [];
  const value = typeof rate === "number" ? rate : Number(number.replaceAll("_", "")) / (seconds[unit] ?? Number.NaN);
  if (Number.isFinite(value) && value >= 0 && (typeof rate === "number" || number !== "")) return value;
  throw new BeeHiveError("InvalidConfiguration", `estimate: a rate is a text such as 200/s or 5000/h, not "${rate}".`);
}

/** Returns events a second at each entry: given, else observed; those of pulsers by their schedules. */
export function entriesOf(
  graph: EventGraph,
  pulsers: readonly Pulser[],
  given: Rate | Readonly<Record<string, Rate>> | undefined,
  observed: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const pulsed = new Map<string, number>();
  for (const { schedule, publishes = [] } of pulsers)
    for (const to of publishes) add(pulsed, String(destination(to)), pulses(schedule));
  const names = namesOf(graph).filter((name) => !pulsed.has(name));
  const rates = new Map(pulsed);
  for (const [name, rate] of ratesOf(graph, names, given, observed)) add(rates, name, rate);
  if ([...rates.values()].some((rate) => rate > 0)) return rates;
  throw wrong(`Give the rate at an entry: there are ${names.join(", ") || "none"}`);
}

/** Returns the queues with events from outside the actors: declared ones, else those that nobody publishes to. */
function namesOf({ publications, subscriptions }: EventGraph): string[] {
  const outside = publications.flatMap(({ from, to }) => (from.kind === "outside" ? [String(to)] : []));
  const published = new Set(publications.map(({ to }) => String(to)));
  const read = subscriptions.map(({ queueName }) => String(queueName.destination));
  return [...new Set([...outside, ...read.filter((name) => !published.has(name))])];
}

function ratesOf(
  { queues }: EventGraph,
  names: readonly string[],
  given: Rate | Readonly<Record<string, Rate>> | undefined,
  observed: ReadonlyMap<string, number>,
): readonly (readonly [name: string, rate: number])[] {
  if (given === undefined) return names.map((name) => [name, observed.get(name) ?? 0] as const);
  if (typeof given === "object")
    return Object.entries(given).map(([entry, rate]) => {
      const name = topicOrQueue(
        entry,
        queues.map((queue) => queue.name),
      );
      if (queues.some((queue) => String(queue.name) === name)) return [name, perSecond(rate)] as const;
      throw wrong(`No actor reads ${entry}; the entries are ${names.join(", ")}`);
    });
  const rate = perSecond(given);
  const seen = names.filter((name) => (observed.get(name) ?? 0) > 0);
  const total = seen.reduce((all, name) => all + (observed.get(name) ?? 0), 0);
  // A single rate is shared among the entries as they were seen.
  if (total > 0) return seen.map((name) => [name, (rate * (observed.get(name) ?? 0)) / total] as const);
  const [only] = names;
  if (only !== undefined && names.length === 1) return [[only, rate]];
  throw wrong(`Give each entry its rate, as NAME=RATE: there are ${names.join(", ") || "none"}`);
}

/** Returns the pulses a second of a schedule, in a usual week. */
function pulses(schedule: Pulser["schedule"]): number {
  const start = Date.UTC(2026, 0, 5);
  const first = nextTime(schedule, start);
  const second = first === undefined ? undefined : nextTime(schedule, first);
  return first === undefined || second === undefined ? 0 : 1_000 / (second - first);
}

function add(rates: Map<string, number>, name: string, rate: number): void {
  rates.set(name, (rates.get(name) ?? 0) + rate);
}

function wrong(problem: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `estimate: ${problem}.`);
}
