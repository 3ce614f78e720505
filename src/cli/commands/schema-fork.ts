import { writeFile } from "node:fs/promises";
import { messageOf } from "../../base/error-text.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { namedRegistry } from "../schemas/sources.ts";

interface Options {
  readonly folder: string;
  readonly to: string;
  readonly output?: string;
}

export const schemaFork: CliCommand = defineCommand<Options, [type: string]>({
  name: "schema fork",
  summary: "give a breaking change a topic of its own",
  description:
    "Writes a bridge: an actor that reads the old topic, brings each body into its new form and publishes it to the new " +
    "topic, for as long as both live. The latest schema of the old type becomes the first of the new type, to be changed " +
    "before it is used. beehive lint then lists who still reads the old topic.",
  define: (command) =>
    command
      .argument("<type>", "the event type, such as OrderPlaced")
      .requiredOption("--to <type>", "the new event type, such as OrderPlaced_v2")
      .option("--folder <folder>", "the folder of the schemas", "schemas")
      .option("--output <file>", "the file of the bridge (default: TYPE-to-TYPE.ts in this folder)"),
  examples: [["beehive schema fork OrderPlaced --to OrderPlaced_v2", "writes OrderPlaced-to-OrderPlaced_v2.ts"]],
  async run({ output }, { folder, to, output: given }, type) {
    for (const name of [type, to])
      if (!/^\w+$/.test(name)) throw new UsageError(`No topic can be named like the event type "${name}".`);
    if (type === to) throw new UsageError("Name another event type with --to, such as OrderPlaced_v2.");
    const file = given ?? `${type}-to-${to}.ts`;
    await writeFile(file, bridge(type, to), { flag: "wx" }).catch((cause: unknown) => {
      throw new UsageError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
    });
    await using own = await namedRegistry(folder);
    const latest = (await own.registry.versions(type)).at(-1);
    const isNew = latest !== undefined && (await own.registry.versions(to)).length === 0;
    const schema = isNew ? await own.registry.add({ ...latest, subject: to }, 1) : undefined;
    if (output.json) return output.result({ bridge: file, schema: schema?.id });
    output.print(`Wrote ${file}. Complete its function, and add it to the actors.`);
    if (schema) output.print(`Added version 1 of ${to} to ${folder}. Change it before it is used.`);
  },
});

function bridge(type: string, to: string): string {
  const name = `${type}To${to}`;
  return `import { actorDescription, Event, type ProcessorActor } from "beehive-actors";

/** Brings each ${type} into the form of ${to}, for as long as both topics live. */
@actorDescription("${type}-${name}", { publishes: ["${to}"] })
export class ${name} implements ProcessorActor {
  async processAsync(event: Event) {
    const { partitionKey, timestamp } = event;
    return [new Event("${to}", upcast(event.getBody()), { partitionKey, timestamp })];
  }
}

/** Returns the body of ${to}. */
function upcast(body: object): object {
  // The change that readers of ${type} cannot read.
  return body;
}
`;
}
