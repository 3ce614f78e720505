import { queueSpecs } from "../../actors/topology.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Provider } from "../../contract/provider.ts";
import type { QueueSpec } from "../../contract/queue-operator.ts";
import { createHive } from "../../hive/hive.ts";
import type { Application } from "../application.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, MissingFile } from "../exit-code.ts";
import { table } from "../text.ts";

interface Options {
  readonly check?: boolean;
  readonly dryRun?: boolean;
}

export const setup: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "setup",
  summary: "create the topics, subscriptions and queues of modules",
  description:
    "Creates the missing topics, subscriptions and queues that the actors and pulsers of modules read and publish " +
    "to. Existing ones are left unchanged, so it may be repeated.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the provider to create them in")
      .option("--check", "create nothing; end with 1 when something is missing")
      .option("--dry-run", "create nothing; print what would be created"),
  examples: [
    ["beehive setup dist/actors.js --provider aws:?prefix=shop", "before the first deployment"],
    ["beehive setup dist/actors.js --check", "in a pipeline with read access only"],
  ],
  async run(context, { check, dryRun }, modules) {
    const { output } = context;
    const application = await context.application(modules);
    const specs = queueSpecs(application.descriptors, application.publishers);
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
