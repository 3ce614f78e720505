import { fargate } from "./aws.ts";
import { instanceSizes, limits } from "./limits.ts";
import { commits, cost, storeCalls, sum, useOf, type Circumstances, type ProviderPart } from "./plan.ts";
import { monthHours, prices } from "./prices.ts";
import type { Traffic } from "./traffic.ts";

/** Events a second of a processor of the server: 45 us for a step with one output, in the bench. */
const eventsOfProcessor = 22_000;
/** The part of an event that a row of a store costs, read and written. */
const eventsOfWrite = 0.5;
/** Space of the database, in GB. */
const storage = 100;

/** Load, limits and costs of one PostgreSQL server. */
export function onPostgres({ traffic, processes }: Circumstances): ProviderPart {
  const steps = sum(traffic.flows, ({ rate, work }) => rate * work.attempts);
  const writes = sum(storeCalls(traffic), ([, calls]) => calls.writes);
  const load = steps + writes * eventsOfWrite;
  const processors = load / eventsOfProcessor / 0.7;
  const size = instanceSizes.find((one) => one >= processors) ?? instanceSizes.at(-1) ?? 2;
  return {
    requests: [
      ...commits("PostgreSQL", traffic),
      ...[...storeCalls(traffic)].map(([to, calls]) => ({
        service: "PostgreSQL",
        action: "write",
        to,
        perSecond: calls.writes,
        events: calls.writes,
      })),
    ].filter(({ perSecond }) => perSecond > 0),
    limits: [
      useOf("PostgreSQL server", limits.postgresServer, [["the server", processors]], traffic),
      useOf("commit groups with one item", limits.postgresItem, hotItems(traffic), traffic),
    ],
    costs: [
      cost("RDS processors", size * monthHours, prices.rdsProcessor),
      cost("RDS storage", storage, prices.rdsStorage),
      ...fargate(processes),
    ],
    notes: [
      `A server of ${size} processors; ${Number(processors.toPrecision(2))} are needed with room. Its rate was measured on two, and ` +
        "is multiplied here.",
    ],
  };
}

/** Returns the writes a second of one item of each store. Commits that write one item are in successive groups. */
function hotItems(traffic: Traffic): (readonly [store: string, perSecond: number])[] {
  return [...storeCalls(traffic)].map(([name, { writes, items }]) => [`one of ${name}`, writes / items]);
}
