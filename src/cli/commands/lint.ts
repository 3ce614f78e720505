import { ruleNames, type Finding, type RuleName } from "../../analysis/graph/finding.ts";
import { lint as findings } from "../../analysis/graph/lint.ts";
import { checkInjection } from "../../actors/injection/check.ts";
import { cloudRules, configuredCloud } from "../cloud-rules.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { graphOf, unreadAt } from "../graph-source.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

interface Options {
  readonly for?: string;
  readonly strict?: boolean;
  readonly ignore?: string;
  readonly observed?: string;
}

export const lint: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "lint",
  summary: "find mistakes in the flow of events between actors",
  description:
    "Finds mistakes between the actors of modules: events without readers, subscriptions without events, missing " +
    "bindings, cycles without an exit, contradicting retries, names that a cloud refuses. Nothing is run, and no " +
    "cloud is called. Ends with 1 when there are errors.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option(
        "--for <clouds>",
        "the clouds to check for: azure, aws, or URLs with options, separated by commas (default: the provider)",
      )
      .option("--strict", "end with 1 on warnings too")
      .option("--ignore <rules>", "leave out these rules, separated by commas")
      .option("--observed <url>", "compare with the journal of this provider, such as sqlite:./hive.db"),
  examples: [
    ["beehive lint src/actors.ts src/events.ts", "all rules that need no cloud"],
    ["beehive lint dist/actors.js --for azure,aws:?prefix=shop", "also the names, leases and attempts of these clouds"],
    ["beehive lint src/*.ts --strict --ignore event-without-schema", "in a pipeline"],
    ["beehive lint src/actors.ts --observed sqlite:./hive.db", "also the events that a journal observed"],
  ],
  async run(context, options, modules) {
    const { output } = context;
    const ignored = rulesIn(options.ignore);
    const { provider = "" } = await context.settings();
    const clouds = await cloudRules(listIn(options.for) ?? (await configuredCloud(provider)));
    const loaded = await context.application(modules);
    const graph = await graphOf(loaded, options.observed);
    const container = loaded.isWhole ? loaded.options.container : "unknown";
    const { findings: injection } = checkInjection(loaded.descriptors, container);
    const unread = options.observed === undefined ? [] : await unreadAt(options.observed, loaded);
    const found = [...findings(graph, loaded.descriptors, clouds, loaded.publishers, injection), ...unread].filter(
      ({ rule }) => !ignored.includes(rule),
    );
    const errors = found.filter(({ severity }) => severity === "error").length;
    const warnings = found.length - errors;
    if (output.json) output.result({ errors, warnings, findings: found });
    else {
      for (const one of found) output.print(describe(one, output));
      if (!loaded.isWhole)
        output.note(
          "Bindings are not checked: for that, export the container in an object, as " +
            "export const hive = { container }; a function is called only by a start.",
        );
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
  if (errors + warnings === 0) return `No problems in ${counted(actors, "subscription")}.`;
  return `${counted(errors, "error")}, ${counted(warnings, "warning")}.`;
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
