import type { Estimate } from "../analysis/estimate/estimate.ts";
import type { LimitUse } from "../analysis/estimate/plan.ts";
import type { Rehearsal } from "../analysis/estimate/rehearsal.ts";
import { table } from "./text.ts";

type ProviderEstimate = Estimate["plans"][number];

/** Returns an estimate as a text for people. */
export function estimateText({ traffic, plans, burst, assumed }: Estimate): string {
  const entries = [...traffic.entries].map(([name, rate]) => `${name} ${number(rate)}/s`).join(", ");
  const parts = [
    `${entries} ${traffic.entries.size === 1 ? "leads" : "lead"} to ${number(traffic.rate)} handled events/s.`,
    ...plans.map((plan) => planText(plan, burst)),
    queueTable(plans),
  ];
  if (assumed.length > 0) parts.push(`Assumed, where neither a journal nor the module says so: ${assumed.join("; ")}.`);
  parts.push(pricesText(plans));
  return parts.join("\n\n");
}

/** Returns where and when the prices were read. */
function pricesText(plans: readonly ProviderEstimate[]): string {
  const prices = plans.flatMap(({ costs }) => costs.map(({ price }) => price));
  const check = "Check the limits at your provider.";
  if (prices.length === 0) return check;
  const regions = [...new Set(prices.map(({ region }) => region))].join(" and ");
  const dates = [...new Set(prices.map(({ date }) => date))].toSorted();
  const first = dates[0] ?? "";
  const last = dates.at(-1) ?? "";
  return (
    `Prices are lists of ${regions} of ${first === last ? first : `${first} to ${last}`}, without discounts, free amounts, ` +
    `storage and transfer; --json names the source of each. Check them, and the limits, at your provider.`
  );
}

function planText(plan: ProviderEstimate, burst: Estimate["burst"]): string {
  const { provider, processes, monthlyUsd, costs, notes, rehearsal } = plan;
  const bill = [...bySum(costs)].map(([item, usd]) => `${item} ${dollars(usd)}`).join(", ");
  return [
    `${provider}: ${processes === 1 ? "1 process" : `${number(processes)} processes`}` +
      (costs.length === 0 ? "" : `, ${dollars(monthlyUsd)} a month`),
    ...limitLines(plan),
    ...(bill === "" ? [] : [bill]),
    ...notes,
    ...rehearsalLines(rehearsal, plan, burst),
  ].join("\n  ");
}

/** Returns the sums of the items of a bill. */
function bySum(costs: ProviderEstimate["costs"]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { item, usd } of costs) sums.set(item, (sums.get(item) ?? 0) + usd);
  return sums;
}

/** Returns the events, and by provider the requests and the slots, of each queue. */
function queueTable(plans: readonly ProviderEstimate[]): string {
  const [any] = plans;
  const rows = (any?.slots ?? []).map(({ queue, rate }, n) => [
    queue,
    number(rate),
    ...plans.flatMap((plan) => [number(requestsTo(plan, queue)), number(plan.slots[n]?.slots ?? 0)]),
  ]);
  const titles = plans.flatMap(({ provider }) => [`${provider.toUpperCase()} REQUESTS/S`, "SLOTS"]);
  return table(rows, ["QUEUE", "EVENTS/S", ...titles]);
}

/** Returns the requests a second to a queue, with those that publish to it or to its topic. */
function requestsTo({ requests }: ProviderEstimate, queue: string): number {
  const topic = queue.includes("-") ? queue.slice(0, queue.indexOf("-") + 1) : queue;
  const some = requests.filter(({ to }) => to === queue || to === topic);
  return some.reduce((sum, { perSecond }) => sum + perSecond, 0);
}

function limitLines({ limits, fits }: ProviderEstimate): string[] {
  const [first] = limits;
  if (!first) return ["No limit is known to be near."];
  const over = limits.filter(({ used, max }) => used > max);
  return [...(fits ? [`First limit: ${limitText(first)}`] : over.map((one) => `Over a limit: ${limitText(one)}`))];
}

function limitText({ limit, at, used, max, unit, reachedAt, raised }: LimitUse): string {
  return (
    `${limit} (${at}): ${number(used)} of ${number(max)} ${unit}, reached at ${number(reachedAt)} events/s at the ` +
    `entries${raised ? "; raised on request" : ""}.`
  );
}

function rehearsalLines(
  { deliveries, share, queues }: Rehearsal,
  { slots }: ProviderEstimate,
  burst: Estimate["burst"],
): string[] {
  const planned = slots.reduce((sum, { busy }) => sum + busy, 0);
  const used = queues.reduce((sum, { busy }) => sum + busy, 0);
  const worst = queues.toSorted((a, b) => b.behind - a.behind)[0];
  const part = share === 1 ? "" : `, ${number(share * 100)}% of the rates and slots`;
  const lines = [
    `Rehearsed with ${number(deliveries)} deliveries in virtual time${part}: ${number(used)} slots in use, ` +
      `${number(planned)} by Little's law.`,
  ];
  if (worst)
    lines.push(
      `${number(burst.times)} times the events for ${number(burst.seconds)} s: ${worst.queue} is up to ` +
        `${number(worst.behind)} events behind, and ${lateText(worst.lateSeconds)}.`,
    );
  return lines;
}

function lateText(seconds: number): string {
  return seconds === Infinity ? "does not catch up" : `has caught up ${number(seconds)} s later`;
}

/** Returns a number with three digits that count. */
function number(value: number): string {
  if (value === 0 || value >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

function dollars(usd: number): string {
  return `$${usd < 10 ? usd.toFixed(2) : Math.round(usd).toLocaleString("en-US")}`;
}

/** Returns an estimate for `JSON.stringify`. */
export function plainEstimate({ traffic, plans, burst, assumed }: Estimate): object {
  return {
    entries: Object.fromEntries(traffic.entries),
    eventsPerSecond: traffic.rate,
    burst,
    plans: plans.map((plan) => ({
      ...plan,
      firstLimit: plan.limits[0] ?? null,
      rehearsal: {
        ...plan.rehearsal,
        queues: plan.rehearsal.queues.map((one) => ({
          ...one,
          lateSeconds: one.lateSeconds === Infinity ? null : one.lateSeconds,
        })),
      },
    })),
    assumed,
  };
}
