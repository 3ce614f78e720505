import { checkInjection } from "../../injection/check.ts";
import { ruleNames, type Finding, type RuleName } from "../../graph/finding.ts";
import { lint as findings } from "../../graph/lint.ts";
import { cloudRules, configuredCloud } from "../cloud-rules.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { graphOf } from "../graph-source.ts";
import type { Output } from "../output.ts";

interface Options {
  readonly for?: string;
  readonly strict?: boolean;
  readonly ignore?: string;
  readonly observed?: string;
}

export const lint: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "lint",
  summary: "find what is wrong between actors",
  description:
    "Finds what is wrong between the actors of modules: events that nobody reads, subscriptions that nothing comes to, " +
    "dependencies that nobody binds, " +
    "cycles without an exit, retries that contradict each other, names that a cloud refuses. Nothing is run and no cloud " +
    "is asked. Ends with 1 when there are errors.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option(
        "--for <clouds>",
        "where they are to run: azure, aws, or URLs with options, with commas between (default: the provider)",
      )
      .option("--strict", "end with 1 on warnings too")
      .option("--ignore <rules>", "leave these rules out, with commas between")
      .option("--observed <url>", "the provider whose journal is compared: sqlite:./hive.db"),
  examples: [
    ["beehive lint src/actors.ts src/events.ts", "everything that needs no cloud"],
    [
      "beehive lint dist/actors.js --for azure,aws:?prefix=shop",
      "also names, leases and attempts as these clouds have them",
    ],
    ["beehive lint src/*.ts --strict --ignore event-without-schema", "in a pipeline"],
    ["beehive lint src/actors.ts --observed sqlite:./hive.db", "also what really happened"],
  ],
  async run(context, options, modules) {
    const { output } = context;
    const ignored = rulesIn(options.ignore);
    const { provider = "" } = await context.settings();
    const clouds = await cloudRules(listIn(options.for) ?? (await configuredCloud(provider)));
    const loaded = await context.application(modules);
    const graph = await graphOf(loaded, options.observed);
    const container = loaded.isWhole ? loaded.options.container : "unknown";
    const injection = checkInjection(loaded.descriptors, container);
    const found = findings(graph, loaded.descriptors, clouds, loaded.publishers, injection).filter(
      ({ rule }) => !ignored.includes(rule),
    );
    const errors = found.filter(({ severity }) => severity === "error").length;
    const warnings = found.length - errors;
    if (output.json) output.result({ errors, warnings, findings: found });
    else {
      for (const one of found) output.print(describe(one, output));
      if (!loaded.isWhole)
        output.note("Bindings are not checked: no module exports a hive with its container, or one is a function.");
      output.note(summary(errors, warnings, loaded.descriptors.length));
    }
    return errors > 0 || (options.strict && warnings > 0) ? exitCode.failed : exitCode.well;
  },
});

function describe({ rule, severity, where, message }: Finding, output: Output): string {
  const label = output.style(severity === "error" ? "red" : "yellow", severity.padEnd(7));
  return `${label}  ${where}  ${output.style("dim", rule)}\n         ${message}`;
}

function summary(errors: number, warnings: number, actors: number): string {
  if (errors + warnings === 0) return `Nothing is wrong with ${counted(actors, "subscription")}.`;
  return `${counted(errors, "error")}, ${counted(warnings, "warning")}.`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function rulesIn(list: string | undefined): RuleName[] {
  return (listIn(list) ?? []).map((name) => {
    const rule = ruleNames.find((one) => one === name);
    if (rule === undefined) throw new UsageError(`No rule is called ${name}. There are ${ruleNames.join(", ")}.`);
    return rule;
  });
}

function listIn(list: string | undefined): string[] | undefined {
  return list
    ?.split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
