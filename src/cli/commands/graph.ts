import { readFile, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { Option } from "commander";
import { messageOf } from "../../base/error-text.ts";
import type { AsyncApiInfo } from "../../graph/async-api.ts";
import type { EventGraph } from "../../graph/event-graph.ts";
import { plainGraph, withoutActors } from "../../graph/transform.ts";
import type { Direction } from "../../graph/mermaid.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { graphOf } from "../graph-source.ts";

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
}

export const graph: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "graph",
  summary: "draw who publishes what and who reads it",
  description:
    "Draws the events of modules: who publishes them and which actors react. Nothing is run: it is made of what actors, " +
    "pulsers and event types say of themselves. With --observed, the arrows have the counts of a journal.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .addOption(
        new Option("--format <format>", "what to make (default: by the name of the output, else mermaid)").choices(
          formats,
        ),
      )
      .option("--output <file>", "write it there")
      .option("--check", "write nothing; end with 1 when the output is not up to date")
      .addOption(
        new Option("--direction <direction>", "where the flow goes").choices(["right", "down"]).default("right"),
      )
      .option("--without <actors>", "leave these out, with commas between: those that read everything hide the rest")
      .option("--observed <url>", "the provider whose journal is looked at: sqlite:./hive.db"),
  examples: [
    ["beehive graph src/actors.ts src/events.ts", "for a block of a document on GitHub"],
    ["beehive graph src/actors.ts --output docs/events.svg --without AuditActor", "a picture"],
    [
      "beehive graph src/actors.ts --output docs/events.svg --without AuditActor --check",
      "in a pipeline: is it up to date?",
    ],
    ["beehive graph src/*.ts --format asyncapi > asyncapi.yaml", "a contract for other teams"],
    ["beehive graph src/actors.ts --format dot --observed sqlite:./hive.db | dot -Tpng", "with what really happened"],
  ],
  async run(context, options, modules) {
    const { output } = context;
    if (options.check && options.output === undefined)
      throw new UsageError("--check needs --output, the file that it checks.");
    formatOf(options);
    const whole = await graphOf(await context.application(modules), options.observed);
    const shown = withoutActors(whole, namesIn(options.without, whole));
    if (output.json) return output.result(plainGraph(shown));
    const text = await render(shown, options);
    if (options.output === undefined) return output.write(text);
    return options.check ? check(context, options.output, text) : write(context, options.output, text);
  },
});

function formatOf({ format, output }: Options): Format {
  if (format !== undefined) return format;
  if (output === undefined) return "mermaid";
  const known = formatByExtension[extname(output)];
  if (known) return known;
  const extensions = Object.keys(formatByExtension).join(", ");
  throw new UsageError(
    `Nothing is drawn as ${extname(output) || output}: the file ends in ${extensions}, or name a --format.`,
  );
}

async function render(shown: EventGraph, options: Options): Promise<string> {
  const { direction } = options;
  switch (formatOf(options)) {
    case "mermaid":
      return (await import("../../graph/mermaid.ts")).mermaid(shown, direction);
    case "dot":
      return (await import("../../graph/dot.ts")).dot(shown, direction);
    case "svg":
      return (await import("../../graph/svg/index.ts")).svg(shown, direction);
    case "asyncapi":
      return (await import("../../graph/async-api.ts")).asyncApi(shown, await infoHere());
  }
}

function namesIn(list: string | undefined, { actors }: EventGraph): string[] {
  const names = list?.split(",").map((name) => name.trim()) ?? [];
  const unknown = names.filter((name) => !actors.some((actor) => actor.name === name));
  if (unknown.length === 0) return names;
  const known = actors.map(({ name }) => name).join(", ");
  throw new UsageError(`No actor is called ${unknown.join(" or ")}. There are ${known}.`);
}

/** What the package in this folder is called. */
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
  output.note(`${file} is written.`);
}

async function check({ output }: CommandContext, file: string, text: string): Promise<ExitCode> {
  const there = await readFile(file, "utf8").catch(() => undefined);
  if (there === text) return exitCode.well;
  output.complain(
    `${file} ${there === undefined ? "is not there" : "is not up to date"}; run the same without --check.`,
  );
  return exitCode.failed;
}
