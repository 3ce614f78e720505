import { systemClock } from "../../base/clock.ts";
import { Operator } from "../../hive/operator.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { durationText, table } from "../text.ts";

export const hives: CliCommand = defineCommand<object, []>({
  name: "hives",
  summary: "show the processes that work on a provider",
  description:
    "Shows each process that works on a provider, by its heartbeats: host, process id, versions of the application " +
    "and of this package, subscriptions, events in work and the last commit. A process that missed three heartbeats " +
    "is left out. Functions of a cloud, and hives with controls: false, send none.",
  define: (command) => command.option("--provider <url>", "the provider of the hives"),
  examples: [
    ["beehive hives --provider sqlite:./hive.db", "the processes on a file"],
    ["beehive hives --json | jq '.[].subscriptions[].queue'", "the subscriptions that are read"],
  ],
  async run({ provider, output }) {
    const running = await new Operator(await provider()).hives();
    if (output.json) return output.result(running);
    if (running.length === 0) return output.note("No process works on this provider.");
    const now = systemClock.now();
    const since = (date: Date | undefined): string => (date ? durationText(now - date.getTime()) : "-");
    const rows = running.map(
      ({ host, pid, stage, version, appVersion, subscriptions, inFlight, lastCommit, started }) => [
        host,
        `${pid}`,
        stage ?? "-",
        appVersion ?? "-",
        version,
        `${subscriptions.length}`,
        `${inFlight}`,
        since(lastCommit),
        since(started),
      ],
    );
    const titles = ["HOST", "PID", "STAGE", "APP", "BEEHIVE", "SUBSCRIPTIONS", "IN WORK", "LAST COMMIT", "RUNS FOR"];
    output.print(table(rows, titles));
  },
});
