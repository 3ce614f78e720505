import { Operator } from "../../hive/operator.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { table } from "../text.ts";

export const schedules: CliCommand = defineCommand<object, []>({
  name: "schedules",
  summary: "show each pulser with its last and next firing",
  description:
    "Shows each pulser that a process runs, or has run: its schedule, what becomes of missed firings, the due time " +
    "of its last firing and of the next, and its pause. One that no process runs has no next firing.",
  define: (command) => command.option("--provider <url>", "the provider of the hives"),
  examples: [["beehive schedules --provider sqlite:./hive.db", "the pulsers of the hives on a file"]],
  async run({ provider, output }) {
    const pulsers = await new Operator(await provider()).schedules();
    if (output.json) return output.result(pulsers);
    if (pulsers.length === 0) return output.note("No pulser has run on this provider.");
    const rows = pulsers.map(({ pulser, schedule, missed, last, next, paused, hives }) => [
      pulser,
      schedule ?? "-",
      missed ?? "-",
      last?.toISOString() ?? "-",
      next?.toISOString() ?? "-",
      `${hives}`,
      paused ? `paused by ${paused.by}: ${paused.reason}` : hives === 0 ? "no process runs it" : "",
    ]);
    output.print(table(rows, ["PULSER", "SCHEDULE", "MISSED", "LAST", "NEXT", "HIVES", "NOTE"]));
  },
});
