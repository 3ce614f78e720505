import type { Act } from "../../controls/acts.ts";
import { Operator } from "../../hive/operator.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { time, whole } from "../option-parsers.ts";
import { table } from "../text.ts";

interface Options {
  readonly limit: number;
  readonly since?: Date;
  readonly on?: string;
}

export const acts: CliCommand = defineCommand<Options, []>({
  name: "acts",
  summary: "show what operators did, and who",
  description:
    "Shows the acts of operators in the last 90 days, newest first: who did what, to which subscription or pulser. " +
    "With --json one line for each act.",
  define: (command) =>
    command
      .option("--provider <url>", "the provider of the hives")
      .option("--on <name>", "only acts on this subscription, queue or pulser")
      .option("--since <time>", "only acts since a time, or 2h for two hours ago", time)
      .option("--limit <n>", "the most acts to show", whole(1), 100),
  examples: [
    ["beehive acts --since 2h", "the acts of the last two hours"],
    ["beehive acts --on OrderAccepted-Payment --json", "the acts on one subscription, for an audit"],
  ],
  async run({ provider, output }, { limit, since, on }) {
    const found: Act[] = [];
    for await (const act of new Operator(await provider()).acts()) {
      if (found.length >= limit || (since && act.time < since)) break;
      if (on === undefined || act.on === on) found.push(act);
    }
    if (output.json) return found.forEach((act) => output.line(act));
    if (found.length === 0) return output.note("No act of an operator is recorded.");
    const rows = found.map(({ time: at, by, act, on: what, detail = "" }) => [at.toISOString(), by, act, what, detail]);
    output.print(table(rows, ["TIME", "BY", "ACT", "ON", "DETAIL"]));
  },
});
