import { actorDefaults } from "../../actors/descriptor.ts";
import { environmentOverrides } from "../../actors/overrides.ts";
import { UsageError } from "../exit-code.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { redact } from "../../base/redact.ts";
import { leaves } from "../settings.ts";
import { table } from "../table.ts";

/** What holds when nobody says anything. */
const defaults = {
  topology: "create",
  defaults: { parallelism: actorDefaults.parallelism, lease: actorDefaults.lease, retry: actorDefaults.retry },
  health: { host: "127.0.0.1" },
  logLevel: "warn",
  stopDeadline: 30_000,
};

export const config: CliCommand = defineCommand({
  name: "config",
  summary: "print the settings that hold and where each came from",
  description: `Prints the settings that hold and where each came from. Flags win over the environment, the environment over the
configuration file, the file over what a module exports as "hive", and that over the defaults. Secrets are masked.`,
  define: (command) => command.option("--provider <url>", "where to run"),
  examples: [
    ["beehive config", "what holds in this folder"],
    ["BEEHIVE_PROVIDER=aws: beehive config --json", "the same for programs, with the provider changed"],
  ],
  async run({ output, settings }) {
    const { origins, file: _, ...said } = await settings();
    const variables = environmentOverrides(process.env);
    const problems = variables.flatMap(({ problem }) => problem ?? []);
    if (problems.length > 0) throw new UsageError(problems.join("\n"));
    const paths = [...new Set([...leaves(said), ...leaves(defaults)])].toSorted();
    const rows = paths.map((path) => ({
      setting: path,
      value: masked(at(said, path) ?? at(defaults, path)),
      from: origins[path] ?? "default",
    }));
    for (const { origin, actors } of variables)
      for (const [actor, { parallelism }] of Object.entries(actors))
        rows.push({ setting: `overrides.${actor}.parallelism`, value: parallelism, from: origin });
    if (output.json) output.result(rows);
    else
      output.print(
        table(
          rows.map(({ setting, value, from }) => [setting, textOf(value), from]),
          ["SETTING", "VALUE", "FROM"],
        ),
      );
  },
});

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  return typeof value === "string" ? redact(value) : value;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
