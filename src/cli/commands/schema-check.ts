import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { schemaProblems } from "../schemas/check-schemas.ts";
import { declaredSchemas } from "../schemas/declared.ts";
import { namedRegistry } from "../schemas/sources.ts";
import { counted } from "../text.ts";

interface Options {
  readonly folder: string;
  readonly against?: string;
}

export const schemaCheck: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "schema check",
  summary: "find changes of schemas that break readers",
  description:
    "Holds the schemas of a folder, and those of the event types of modules, against the versions before them, by the " +
    "mode of compatibility of their subject. With --against the versions in use are those of a commit of git, another " +
    "folder, a registry server or a provider. Ends with 1, the field and the reason when a change breaks readers.",
  define: (command) =>
    command
      .argument("[modules...]", "modules that export event types (default: none)")
      .option("--folder <folder>", "the folder of the schemas", "schemas")
      .option("--against <place>", "a commit of git, a folder, the URL of a registry or of a provider"),
  examples: [
    ["beehive schema check --against main", "in a pipeline: what breaks readers of the main branch?"],
    ["beehive schema check src/events.ts", "the schemas of the code, against those of the folder"],
    ["beehive schema check --against https://registry.example", "against a registry server"],
  ],
  async run({ output, application }, { folder, against }, modules) {
    const declared = modules.length === 0 ? [] : declaredSchemas(await application(modules));
    await using own = await namedRegistry(folder);
    await using other = against === undefined ? undefined : await namedRegistry(against, folder);
    const problems = await schemaProblems({ own: own.registry, against: other?.registry, declared });
    if (output.json) output.result({ problems });
    else {
      for (const { subject, problem } of problems) output.print(`${output.style("red", subject)}  ${problem}`);
      output.note(problems.length === 0 ? "No change breaks readers." : `${counted(problems.length, "problem")}.`);
    }
    return problems.length === 0 ? exitCode.well : exitCode.failed;
  },
});
