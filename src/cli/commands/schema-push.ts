import { pushSchema } from "../../schemas/compatibility.ts";
import type { NewSchema, SchemaRegistry } from "../../schemas/registry.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { declaredSchemas } from "../schemas/declared.ts";
import { loadedFormats, namedRegistry } from "../schemas/sources.ts";

interface Options {
  readonly folder: string;
  readonly to?: string;
}

export const schemaPush: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "schema push",
  summary: "add schemas to a registry as their next versions",
  description:
    "Adds the JSON Schemas of the event types of modules to the folder of schemas. With --to it adds all versions of the " +
    "folder to a registry server, a provider or another folder. A schema that is there already stays, and one that breaks " +
    "readers is refused.",
  define: (command) =>
    command
      .argument("[modules...]", "modules that export event types (default: none)")
      .option("--folder <folder>", "the folder of the schemas", "schemas")
      .option("--to <place>", "the URL of a registry server or of a provider, or a folder"),
  examples: [
    ["beehive schema push src/events.ts", "the schemas of zod and others as files, to be committed"],
    ["beehive schema push --to sqlite:./hive.db", "the files into the registry of a provider, before a deployment"],
    ["beehive schema push --to https://registry.example", "the files to a registry server"],
  ],
  async run(context, { folder, to }, modules) {
    const { output, application } = context;
    const declared = modules.length === 0 ? [] : declaredSchemas(await application(modules));
    await using own = await namedRegistry(folder);
    const added = await push(context, declared, own.registry);
    if (to !== undefined) {
      await using target = await namedRegistry(to);
      const subjects = await own.registry.subjects();
      const versions = await Promise.all(subjects.map((subject) => own.registry.versions(subject)));
      added.push(...(await push(context, versions.flat(), target.registry)));
    }
    if (output.json) output.result({ added });
    else if (added.length === 0) output.note("Nothing is new.");
  },
});

/** Adds schemas one after the other, since each is held against those before it. Returns the ids of new ones. */
async function push(
  { output }: CommandContext,
  schemas: readonly NewSchema[],
  registry: SchemaRegistry,
): Promise<string[]> {
  const formats = await loadedFormats(schemas.map(({ format }) => format));
  const added: string[] = [];
  for (const next of schemas) {
    const { schema, isNew } = await pushSchema(registry, next, formats);
    if (!isNew) continue;
    added.push(schema.id);
    if (!output.json) output.print(`Added version ${schema.version} of ${schema.subject}.`);
  }
  return added;
}
