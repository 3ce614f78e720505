import { actorDefaults } from "../../actors/descriptor.ts";
import { environmentOverrides } from "../../actors/overrides.ts";
import { redact } from "../../base/redact.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { leaves } from "../settings.ts";
import { table } from "../text.ts";

/** The settings that hold by default. */
const defaults = {
  topology: "create",
  defaults: { parallelism: actorDefaults.parallelism, lease: actorDefaults.lease, retry: actorDefaults.retry },
  health: { host: "127.0.0.1" },
  logLevel: "warn",
  stopDeadline: 30_000,
};

export const config: CliCommand = defineCommand({
  name: "config",
  summary: "print the settings in effect and where each came from",
  description:
    "Prints the settings in effect and where each came from. Flags win over the environment, the environment " +
    "wins over the " +
    'configuration file, the file wins over the "hive" that a module exports, and that wins over the defaults. ' +
    "Lengths of " +
    "time are in ms, secrets are masked.",
  define: (command) => command.option("--provider <url>", "the provider"),
  examples: [
    ["beehive config", "the settings in this folder"],
    ["BEEHIVE_PROVIDER=aws: beehive config --json", "JSON, with another provider"],
  ],
  async run({ output, settings }) {
    const { origins, file: _, ...set } = await settings();
    const variables = environmentOverrides(process.env);
    const problems = variables.flatMap(({ problem }) => problem ?? []);
    if (problems.length > 0) throw new UsageError(problems.join("\n"));
    const paths = [...new Set([...leaves(set), ...leaves(defaults)])].toSorted();
    const rows = paths.map((path) => ({
      setting: path,
      value: masked(at(set, path) ?? at(defaults, path)),
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
