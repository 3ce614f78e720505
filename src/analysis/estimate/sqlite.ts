import { limits } from "./limits.ts";
import { commits, grouped, sum, useOf, type Circumstances, type ProviderPart } from "./plan.ts";

/** Load and limit of one file, which one machine writes. */
export function onSqlite({ traffic, processors }: Circumstances): ProviderPart {
  const steps = sum(traffic.flows, ({ rate, work }) => rate * work.attempts);
  return {
    requests: commits("SQLite", traffic),
    limits: [useOf("SQLite file", limits.sqliteFile, [["the file", steps]], traffic)],
    costs: [],
    notes: [`One machine with ${grouped(processors + 1)} or more processors, and its disk. Its price is yours.`],
  };
}
