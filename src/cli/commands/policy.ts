import { publishedOutside } from "../application.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { providerModule, providersWith } from "../../hive/open-provider.ts";
import { UsageError } from "../exit-code.ts";
import { table } from "../text.ts";

interface Options {
  readonly setup?: boolean;
  readonly deadLetters?: boolean;
  readonly account?: string;
  readonly partition?: string;
  readonly stores?: boolean;
}

export const policy: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "policy",
  summary: "print the least rights that modules need",
  description:
    "Prints the least rights that the actors of modules need: for aws: an IAM policy as JSON, for azure: roles, for " +
    "postgres: the GRANTs of a role. Rights to tables and blobs are included only where they are used: by injected " +
    "stores, pulsers, a journal, the controls of operators, or options of the provider. No cloud and no server is called.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the cloud, with the options that the hive runs with")
      .option("--setup", "include the rights to create queues")
      .option("--dead-letters", "include the rights to list, requeue and drop dead letters")
      .option("--stores", "include the rights to all stores, for code that uses hive.store")
      .option("--account <id>", "aws: the account (default: any account)")
      .option("--partition <name>", "aws: aws-cn or aws-us-gov"),
  examples: [
    [
      "beehive policy dist/actors.js --provider 'aws:?region=eu-west-1&prefix=shop' --account 123456789012",
      "an IAM policy",
    ],
    ["beehive policy dist/actors.js --provider azure: --setup", "the roles of an identity"],
    ["beehive policy dist/actors.js --provider postgres://worker@db/shop | psql", "the GRANTs of the role worker"],
  ],
  async run({ output, settings, application }, options, modules) {
    const { provider = "" } = await settings();
    const { descriptors, pulsers, options: hive } = await application(modules);
    const { keep } = hive;
    const controls = hive.controls !== false;
    const module = await providerModule(provider.split(":", 1)[0] ?? "");
    const journal = hive.journal === undefined ? module?.journal === "stored" : hive.journal !== false;
    if (!module?.leastRights) {
      const clouds = await providersWith("leastRights");
      const named = clouds.map((scheme) => `--provider ${scheme}:`).join(" or ");
      throw new UsageError(`This provider has no rights: name one with ${named}.`);
    }
    const rights = await module.leastRights(provider, {
      ...options,
      descriptors,
      pulsers,
      sources: (hive.sources ?? []).length > 0,
      publishes: publishedOutside(hive),
      keep,
      journal,
      controls,
    });
    const [head, ...rows] = rights.table ?? [];
    if (head && !output.json) output.print(table(rows, head));
    else output.result(rights.document);
    if (rights.note !== undefined) output.note(rights.note);
  },
});
