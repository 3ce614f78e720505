/**
 * Has the drawings of `beehive graph` read by those that they are for: Mermaid by the parser of Mermaid, AsyncAPI by
 * that of AsyncAPI, pictures as XML. Both those that the tests compare with, and some that are made now, of Prismo and of
 * webs with odd names, which must be read with every name as it is. The parsers are large, so they are installed in
 * `scripts/graph-parsers` when this is run first, and again when their lockfile has changed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import fc from "fast-check";
import { asyncApi } from "../src/graph/async-api.ts";
import type { EventGraph } from "../src/graph/event-graph.ts";
import { mermaid } from "../src/graph/mermaid.ts";
import { svg } from "../src/graph/svg/index.ts";
import { anyWeb, graphOfWeb, oddWeb } from "../test/unit/graph/any-web.ts";
import { prismoGraph } from "../test/unit/graph/graphs.ts";
import { asyncApiReader } from "./graph-parsers/async-api.ts";
import { openDom } from "./graph-parsers/dom.ts";
import { installParsers } from "./graph-parsers/install.ts";
import { mermaidReader } from "./graph-parsers/mermaid.ts";
import { counted, type Read, type Reading } from "./graph-parsers/reading.ts";
import { svgReader } from "./graph-parsers/svg.ts";

interface Format {
  readonly name: string;
  readonly files: readonly string[];
  readonly read: Read;
  readonly draw: (graph: EventGraph) => string;
  /** What breaks a drawing when it stands in the place of what is there. */
  readonly breaks: readonly (readonly [right: string, wrong: string])[];
}

const root = join(import.meta.dirname, "..");
const golden = join(root, "test/golden/graph");
/** The same webs each time: a check that fails now and then is looked at by nobody. */
const webs = fc.sample(anyWeb, { seed: 1, numRuns: 50 });

try {
  if (installParsers()) console.log("ok    the parsers are installed");
  const prismo = await prismoGraph();
  const odd = await graphOfWeb(oddWeb);
  const random = await Promise.all(webs.map(graphOfWeb));
  for (const { name, files, read, draw, breaks } of await formats()) {
    for (const file of files)
      await check(`${name} of ${relative(root, file)}`, () => read(readFileSync(file, "utf8")), told);
    const readDrawn = async (graph: EventGraph): Promise<Reading> => withNamesOf(graph, await read(draw(graph)));
    await check(`${name} of Prismo`, () => readDrawn(prismo), told);
    await check(`${name} of odd names`, () => readDrawn(odd), told);
    await check(`${name} of ${counted(random.length, "random web")}`, async () => {
      for (const graph of random) await readDrawn(graph);
    });
    for (const [right, wrong] of breaks)
      await check(`${name} with ${wrong} in the place of ${right} is refused`, () =>
        assertRefused(read, draw(prismo), right, wrong),
      );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function formats(): Promise<Format[]> {
  const dom = await openDom();
  return [
    {
      name: "Mermaid",
      files: goldenFiles(".mmd"),
      read: await mermaidReader(dom),
      draw: mermaid,
      breaks: [
        ['"]:::actor', '":::actor'],
        [" --> ", " --- > "],
      ],
    },
    {
      name: "AsyncAPI",
      files: goldenFiles(".yaml"),
      read: await asyncApiReader(),
      draw: (graph) => asyncApi(graph, { title: "check", version: "1.0.0" }),
      breaks: [
        ["action: send", "action: publish"],
        ["#/channels/", "#/nowhere/"],
      ],
    },
    {
      name: "SVG",
      files: [...goldenFiles(".svg"), join(root, "docs/prismo.svg")],
      read: svgReader(dom),
      draw: svg,
      breaks: [["</title>", "&</title>"]],
    },
  ];
}

function goldenFiles(extension: string): string[] {
  const names = readdirSync(golden).filter((name) => name.endsWith(extension));
  if (names.length === 0) throw new Error(`there is no ${extension} in ${golden}`);
  return names.toSorted().map((name) => join(golden, name));
}

/**
 * Nobody sees the spaces around a name, and Mermaid drops them.
 *
 * @throws Error when an actor or a topic of the graph was not read, or is called otherwise.
 */
function withNamesOf({ actors, queues }: EventGraph, reading: Reading): Reading {
  const meant = [...actors.map(({ name }) => name), ...queues.map(({ name }) => name.topic)];
  const trimmed = new Set([...reading.names].map((name) => name.trim()));
  const missing = meant.filter((name) => !trimmed.has(name.trim()));
  if (missing.length === 0) return reading;
  const read = [...trimmed].map((name) => JSON.stringify(name)).join(", ");
  throw new Error(`not read: ${missing.map((name) => JSON.stringify(name)).join(", ")}; read: ${read}`);
}

/** @throws Error when the text is read all the same: then the parser proves nothing. */
async function assertRefused(read: Read, text: string, right: string, wrong: string): Promise<void> {
  if (!text.includes(right)) throw new Error(`there is no ${right} in it, so nothing was broken`);
  const accepted = await read(text.replace(right, wrong)).then(
    () => true,
    () => false,
  );
  if (accepted) throw new Error("it was read all the same");
}

async function check<T>(what: string, body: () => Promise<T>, tell: (value: T) => string = () => ""): Promise<void> {
  try {
    console.log(`ok    ${what}${tell(await body())}`);
  } catch (error) {
    console.log(`FAIL  ${what}`);
    throw error;
  }
}

function told({ contents }: Reading): string {
  return `: ${contents}`;
}
