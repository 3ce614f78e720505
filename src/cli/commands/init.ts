import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Option } from "commander";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { packageSpec } from "../init/manifest.ts";
import { npmInstall } from "../init/npm-install.ts";
import { styles, writeStarter, type Style } from "../init/starter.ts";

interface Options {
  readonly install: boolean;
  readonly package?: string;
  readonly style: Style;
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
    "Creates a project that runs: two actors, a test, a durable queue in a file, and its npm packages. Overwrites " +
    "nothing: when one of the files exists, it names that file and creates none.",
  define: (command) =>
    command
      .argument("[folder]", "the folder of the project, created if it does not exist", ".")
      .option("--no-install", "do not run npm install")
      .addOption(
        new Option("--style <style>", "how the actors are written").choices(styles).default("classes" satisfies Style),
      )
      .addOption(
        new Option(
          "--package <spec>",
          "the beehive-actors to install: a version, a tarball, a git URL (default: this release)",
        ),
      ),
  examples: [
    ["npx beehive-actors init shop", "a project in the folder shop"],
    ["npx beehive-actors init shop --style functions", "with actors that are functions, without decorators"],
    ["beehive init --no-install", "in this folder, without npm"],
  ],
  async run({ output, signal }, options, folder) {
    const target = resolve(folder);
    const files = await writeStarter(
      target,
      options.package === undefined ? packageSpec() : fromHere(options.package),
      options.style,
    );
    for (const file of files) output.note(`created ${file}`);
    const installed = options.install && (await npmInstall(target, output, signal, options.package === undefined));
    if (output.json) output.result({ folder: target, files, installed });
    if (options.install && !installed) return exitCode.failed;
    const steps = [
      ...(folder === "." ? [] : [`cd ${folder}`]),
      ...(installed ? [] : ["npm install"]),
      "npm test",
      "npm run dev",
    ];
    output.note(`\nNext:\n${steps.map((step) => `  ${step}`).join("\n")}`);
    return exitCode.well;
  },
});
