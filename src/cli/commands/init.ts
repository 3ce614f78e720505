import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Option } from "commander";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { choicesOf, questions, type Choices } from "../init/choices.ts";
import { commandsOf } from "../init/commands-of.ts";
import { install } from "../init/install.ts";
import { packageSpec } from "../init/manifest.ts";
import { writeStarter } from "../init/starter.ts";
import { canAsk } from "../terminal/ask.ts";
import { choose } from "../terminal/choose.ts";

interface Options extends Partial<Choices> {
  readonly install: boolean;
  readonly package?: string;
  readonly yes?: boolean;
}

/** Resolves a file against this folder; npm would resolve it against the new one. */
function fromHere(spec: string): string {
  const path = spec.replace(/^file:/, "");
  return /^(?:\.{1,2}[/\\]|file:)/.test(spec) || existsSync(path) ? `file:${resolve(path)}` : spec;
}

export const init: CliCommand = defineCommand<Options, [folder: string]>({
  name: "init",
  summary: "create a project with actors and a test",
  description:
    "Creates a project that runs: two actors, a test, a durable queue in a file, a production image, and its packages. " +
    "On a terminal it asks for what no flag says. Overwrites nothing: when one of the files exists, it names that file " +
    "and creates none.",
  define: (command) => {
    command.argument("[folder]", "the folder of the project, created if it does not exist", ".");
    for (const { name, summary, answers } of questions)
      command.addOption(new Option(`--${name} <${name}>`, summary).choices(Object.keys(answers)));
    return command
      .option("--yes", "ask nothing: classes, sqlite, node, and the package manager that runs this")
      .option("--no-install", "do not install packages")
      .addOption(
        new Option(
          "--package <spec>",
          "the beehive-actors to install: a version, a tarball, a git URL (default: this release)",
        ),
      );
  },
  examples: [
    ["npx beehive-actors init shop", "a project in the folder shop"],
    ["npx beehive-actors init shop --style functions", "with actors that are functions, without decorators"],
    ["beehive init --yes --provider postgres --manager pnpm", "in this folder, for PostgreSQL, with pnpm"],
  ],
  async run({ output, signal }, options, folder) {
    const target = resolve(folder);
    const asks = options.yes !== true && !output.json && canAsk(output);
    const choices = await choicesOf(options, process.env, async ({ text, answers }, byDefault) =>
      asks && !signal.aborted ? await choose(text, answers, byDefault, output, signal) : byDefault,
    );
    signal.throwIfAborted();
    const spec = options.package === undefined ? packageSpec() : fromHere(options.package);
    const files = await writeStarter(target, spec, choices);
    for (const file of files) output.note(`created ${file}`);
    const { manager } = choices;
    const installed =
      options.install && (await install(manager, target, output, signal, options.package === undefined));
    if (output.json) output.result({ folder: target, ...choices, files, installed });
    if (options.install && !installed) return exitCode.failed;
    const steps = [
      ...(folder === "." ? [] : [`cd ${folder}`]),
      ...[...(installed ? [] : ["npm install"]), "npm test", "npm run dev"].map((step) => commandsOf(manager, step)),
    ];
    output.note(`\nNext:\n${steps.map((step) => `  ${step}`).join("\n")}`);
    return exitCode.well;
  },
});
