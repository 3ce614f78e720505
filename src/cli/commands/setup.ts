import { queueSpecs } from "../../actors/topology.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Provider } from "../../contract/provider.ts";
import type { QueueSpec } from "../../contract/queue-operator.ts";
import { createHive } from "../../hive/create-hive.ts";
import type { Application } from "../application.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { exitCode, MissingFile, UsageError } from "../exit-code.ts";
import { prune } from "../prune.ts";
import { table } from "../text.ts";

interface Options extends AsOptions {
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly yes?: boolean;
}

export const setup: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "setup",
  summary: "create the topics, subscriptions and queues of modules",
  description:
    "Creates the missing topics, subscriptions and queues that the actors and pulsers of modules read and publish " +
    "to. Existing ones are left unchanged, so it may be repeated.\n\nWith --prune it makes nothing, and deletes the " +
    "subscriptions and queues that these modules do not name and no running hive reads, with the events in them. Give " +
    "the modules of every application on the provider. It needs a provider that lists its queues.",
  define: (command) =>
    asOption(command)
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the provider to create them in")
      .option("--check", "create nothing; end with 1 when something is missing")
      .option("--dry-run", "change nothing; print what would be created or deleted")
      .option("--prune", "delete the subscriptions and queues that nobody reads")
      .option("--yes", "with --prune: do not ask for confirmation"),
  examples: [
    ["beehive setup dist/actors.js --provider aws:?prefix=shop", "before the first deployment"],
    ["beehive setup dist/actors.js --check", "in a pipeline with read access only"],
    ["beehive setup dist/actors.js --prune --dry-run", "what is left of actors that are gone"],
  ],
  async run(context, { check, dryRun, ...options }, modules) {
    const { output, signal } = context;
    const application = await context.application(modules);
    const specs = queueSpecs(application.descriptors, application.publishers);
    if (options.prune) {
      if (check) throw new UsageError("Give --prune or --check, not both.");
      const { yes = false } = options;
      const provider = await providerOf(context, application, false);
      return await prune(output, provider, specs, { dryRun: dryRun ?? false, yes, by: operatorOf(options), signal });
    }
    const makes = !check && !dryRun;
    const missing = new Set(await namesMissing(specs, () => providerOf(context, application, makes)));
    if (makes) await make(application, await providerOf(context, application, makes));
    const state = (name: string): string =>
      !missing.has(name) ? "there" : check ? "missing" : dryRun ? "to be made" : "made";
    const rows = specs.map(({ name, ordered, publishedOnly: _, ...rest }) => ({
      name: `${name}`,
      kind: name.kind,
      ordered,
      ...rest,
      state: state(`${name}`),
    }));
    if (output.json) output.result(rows);
    else
      output.print(
        table(
          rows.map(({ name, kind, state: is }) => [name, kind, is]),
          ["NAME", "KIND", "STATE"],
        ),
      );
    return check && missing.size > 0 ? exitCode.failed : exitCode.well;
  },
});

/** Returns the names of missing queues: all of them when even the file of the provider is missing. */
async function namesMissing(specs: readonly QueueSpec[], open: () => Promise<Provider>): Promise<readonly string[]> {
  try {
    const { name, queues } = await open();
    const problems = queues.problems(specs);
    if (problems.length > 0)
      throw new BeeHiveError(
        "InvalidConfiguration",
        `${name} refuses:\n${problems.map((one) => `  ${one}`).join("\n")}`,
      );
    return (await queues.missing(specs)).map(String);
  } catch (error) {
    if (error instanceof MissingFile) return specs.map(({ name }) => name.toString());
    throw error;
  }
}

/** @param make Creates the file of the provider if it does not exist. */
async function providerOf(
  { provider, settings }: CommandContext,
  { options }: Application,
  make: boolean,
): Promise<Provider> {
  if ((await settings()).provider === undefined && typeof options.provider === "object") return options.provider;
  return provider({ make });
}

async function make({ options }: Application, provider: Provider): Promise<void> {
  const hive = await createHive({ ...options, provider, topology: "create", journal: false });
  try {
    await hive.setup();
  } finally {
    await hive.stop();
  }
}
