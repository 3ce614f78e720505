import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { providerModule, providersWith } from "../../hive/open-provider.ts";
import { UsageError } from "../exit-code.ts";
import { table } from "../table.ts";

interface Options {
  readonly setup?: boolean;
  readonly deadLetters?: boolean;
  readonly account?: string;
  readonly partition?: string;
  readonly stores?: boolean;
}

export const policy: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "policy",
  summary: "print the least rights that modules need in a cloud",
  description:
    "Prints the least rights with which the actors of modules work: for aws: an IAM policy as JSON, for azure: roles. " +
    "Tables and blobs are granted to what uses them: stores that actors have injected, pulsers, a journal, options of the " +
    "provider. Nothing is asked of the cloud.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the cloud, with the options that it runs with")
      .option("--setup", "also what makes the queues")
      .option("--dead-letters", "also what lists, requeues and drops dead letters")
      .option("--stores", "also all stores: for code that uses hive.store")
      .option("--account <id>", "aws: the account; any unless said")
      .option("--partition <name>", "aws: aws-cn or aws-us-gov"),
  examples: [
    [
      "beehive policy dist/actors.js --provider 'aws:?region=eu-west-1&prefix=shop' --account 123456789012",
      "an IAM policy",
    ],
    ["beehive policy dist/actors.js --provider azure: --setup", "the roles of an identity"],
  ],
  async run({ output, settings, application }, options, modules) {
    const { provider = "" } = await settings();
    const { descriptors, pulsers, options: hive } = await application(modules);
    const { publishes } = hive;
    const journal = hive.journal !== undefined && hive.journal !== false;
    const module = await providerModule(provider.split(":", 1)[0] ?? "");
    if (!module?.leastRights) {
      const clouds = await providersWith("leastRights");
      const named = clouds.map((scheme) => `--provider ${scheme}:`).join(" or ");
      throw new UsageError(`Only clouds give rights: name one, ${named}.`);
    }
    const rights = await module.leastRights(provider, { ...options, descriptors, pulsers, publishes, journal });
    const [head, ...rows] = rights.table ?? [];
    if (head && !output.json) output.print(table(rows, head));
    else output.result(rights.document);
    if (rights.note !== undefined) output.note(rights.note);
  },
});
