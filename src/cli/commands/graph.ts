import { readFile, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { Option } from "commander";
import { messageOf } from "../../base/error-text.ts";
import type { AsyncApiInfo } from "../../analysis/graph/async-api/index.ts";
import type { EventGraph } from "../../analysis/graph/event-graph.ts";
import { plainGraph, withoutActors } from "../../analysis/graph/transform.ts";
import type { Direction } from "../../analysis/graph/mermaid.ts";
import type { Application } from "../application.ts";
import { asyncApiParts } from "../async-api-parts.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { graphOf } from "../graph-source.ts";
import { several } from "../option-parsers.ts";
import { loadedFormats } from "../schemas/sources.ts";

const formats = ["mermaid", "dot", "asyncapi", "svg"] as const;
type Format = (typeof formats)[number];

const formatByExtension: Readonly<Record<string, Format>> = {
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
  ".dot": "dot",
  ".gv": "dot",
  ".yaml": "asyncapi",
  ".yml": "asyncapi",
  ".svg": "svg",
};

interface Options {
  readonly format?: Format;
  readonly output?: string;
  readonly check?: boolean;
  readonly direction: Direction;
  readonly without?: string;
  readonly observed?: string;
  readonly against?: string;
  readonly provider: readonly string[];
  readonly schemas?: string;
}

export const graph: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "graph",
  summary: "draw the events of modules and their actors",
  description:
    "Draws the events of modules with their publishers and the actors that read them. Nothing is run: the graph " +
    "comes from the declarations of actors, pulsers and event types. With --observed the arrows carry the counts of " +
    "a journal.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .addOption(
        new Option("--format <format>", "the format (default: by the extension of the output, else mermaid)").choices(
          formats,
        ),
      )
      .option("--output <file>", "write the graph to this file")
      .option("--check", "write nothing; end with 1 when the output is not up to date")
      .addOption(
        new Option("--direction <direction>", "the direction of the flow").choices(["right", "down"]).default("right"),
      )
      .option("--without <actors>", "leave out these actors, separated by commas, such as one that reads every event")
      .option("--against <file>", "an AsyncAPI file: print the changes that break other teams, and end with 1")
      .option(
        "--provider <url>",
        "asyncapi: a provider for servers and bindings, such as aws:?region=eu-west-1; may be repeated (default: none)",
        several,
        [],
      )
      .option(
        "--schemas <folder>",
        "asyncapi: the folder with the schemas of bodies, such as those of Avro and Protobuf",
      )
      .option("--observed <url>", "the provider whose journal is read, such as sqlite:./hive.db"),
  examples: [
    ["beehive graph src/actors.ts src/events.ts", "a code block for a document on GitHub"],
    ["beehive graph src/actors.ts --output docs/events.svg --without AuditActor", "a picture"],
    [
      "beehive graph src/actors.ts --output docs/events.svg --without AuditActor --check",
      "in a pipeline: is it up to date?",
    ],
    ["beehive graph src/*.ts --format asyncapi > asyncapi.yaml", "a contract for other teams"],
    [
      "beehive graph src/*.ts --format asyncapi --provider 'aws:?region=eu-west-1&prefix=shop' --schemas schemas",
      "with servers, bindings and the schemas of a folder",
    ],
    ["beehive graph src/*.ts --against asyncapi.yaml", "in a pipeline: what breaks other teams?"],
    ["beehive graph src/actors.ts --format dot --observed sqlite:./hive.db | dot -Tpng", "with observed counts"],
  ],
  async run(context, options, modules) {
    const { output } = context;
    if (options.check && options.output === undefined)
      throw new UsageError("--check needs --output, the file to check.");
    if (options.against === undefined && formatOf(options) !== "asyncapi" && hasParts(options))
      throw new UsageError("--provider and --schemas need --format asyncapi: drawings show neither.");
    const application = await context.application(modules);
    const whole = await graphOf(application, options.observed);
    const shown = withoutActors(whole, namesIn(options.without, whole));
    const document = (): Promise<string> => asyncApiOf(shown, application, options);
    if (options.against !== undefined) return compare(context, options.against, document);
    if (output.json) return output.result(plainGraph(shown));
    const text = await render(shown, options, document);
    if (options.output === undefined) return output.write(text);
    return options.check ? check(context, options.output, text) : write(context, options.output, text);
  },
});

function hasParts({ provider, schemas }: Options): boolean {
  return provider.length > 0 || schemas !== undefined;
}

function formatOf({ format, output }: Options): Format {
  if (format !== undefined) return format;
  if (output === undefined) return "mermaid";
  const known = formatByExtension[extname(output)];
  if (known) return known;
  const extensions = Object.keys(formatByExtension).join(", ");
  throw new UsageError(
    `There is no format for ${extname(output) || output}. Use one of ${extensions}, or name a --format.`,
  );
}

async function render(shown: EventGraph, options: Options, document: () => Promise<string>): Promise<string> {
  const { direction } = options;
  switch (formatOf(options)) {
    case "mermaid":
      return (await import("../../analysis/graph/mermaid.ts")).mermaid(shown, direction);
    case "dot":
      return (await import("../../analysis/graph/dot.ts")).dot(shown, direction);
    case "svg":
      return (await import("../../analysis/graph/svg/index.ts")).svg(shown, direction);
    case "asyncapi":
      return document();
  }
}

/** Returns the AsyncAPI document of the shown graph. */
async function asyncApiOf(shown: EventGraph, application: Application, options: Options): Promise<string> {
  const { asyncApi } = await import("../../analysis/graph/async-api/index.ts");
  const parts = await asyncApiParts(application, options.provider, options.schemas);
  const names = new Set(shown.actors.map(({ name }) => name));
  const bridges = parts.bridges?.filter(({ action, name }) => action === "receive" || names.has(name)) ?? [];
  return asyncApi(shown, await infoHere(), { ...parts, bridges });
}

/** Prints the changes since an AsyncAPI file that break other teams. */
async function compare({ output }: CommandContext, file: string, document: () => Promise<string>): Promise<ExitCode> {
  const { contractBreaks, contractIn, formatsIn } = await import("../schemas/contract-breaks.ts");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  });
  const [before, now] = [contractIn(file, text), contractIn(file, await document())];
  const breaks = contractBreaks(before, now, await loadedFormats(formatsIn(before, now)));
  if (output.json) output.result({ breaks });
  else if (breaks.length === 0) output.note("No change breaks other teams.");
  else for (const one of breaks) output.print(one);
  return breaks.length === 0 ? exitCode.well : exitCode.failed;
}

function namesIn(list: string | undefined, { actors }: EventGraph): string[] {
  const names = list?.split(",").map((name) => name.trim()) ?? [];
  const unknown = names.filter((name) => !actors.some((actor) => actor.name === name));
  if (unknown.length === 0) return names;
  const known = actors.map(({ name }) => name).join(", ");
  throw new UsageError(`No actor is called ${unknown.join(" or ")}. There are ${known}.`);
}

/** Returns the name and version of the package in this folder. */
async function infoHere(): Promise<AsyncApiInfo> {
  const text = await readFile("package.json", "utf8").catch(() => "{}");
  const { name = "beehive", version = "0.0.0" } = JSON.parse(text) as { name?: string; version?: string };
  return { title: name, version };
}

async function write({ output }: CommandContext, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
  output.note(`Wrote ${file}.`);
}

async function check({ output }: CommandContext, file: string, text: string): Promise<ExitCode> {
  const found = await readFile(file, "utf8").catch(() => undefined);
  if (found === text) return exitCode.well;
  output.complain(
    `${file} ${found === undefined ? "does not exist" : "is not up to date"}; run the same without --check.`,
  );
  return exitCode.failed;
}
