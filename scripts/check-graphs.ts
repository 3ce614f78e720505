/**
 * Checks the output of `beehive graph` with the parsers of Mermaid and AsyncAPI, and pictures as XML.
 *
 * Reads the golden files of the tests, and new graphs of Prismo and of random webs with odd names, whose names must all
 * be read unchanged. The parsers are large, so the first run, and each run after a change of the lockfile, installs
 * them into `scripts/graph-parsers`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import fc from "fast-check";
import { asyncApi } from "../src/analysis/graph/async-api/index.ts";
import type { EventGraph } from "../src/analysis/graph/event-graph.ts";
import { mermaid } from "../src/analysis/graph/mermaid.ts";
import { svg } from "../src/analysis/graph/svg/index.ts";
import { anyWeb, graphOfWeb, oddWeb } from "../test/unit/analysis/graph/any-web.ts";
import { prismoGraph } from "../test/unit/analysis/graph/graphs.ts";
import { asyncApiReader } from "./graph-parsers/async-api.ts";
import { openDom } from "./graph-parsers/dom.ts";
import { mermaidReader } from "./graph-parsers/mermaid.ts";
import { counted, type Read, type Reading } from "./graph-parsers/reading.ts";
import { svgReader } from "./graph-parsers/svg.ts";
import { installLocked } from "./install.ts";

interface Format {
  readonly name: string;
  readonly files: readonly string[];
  readonly read: Read;
  readonly draw: (graph: EventGraph) => string;
  /** Text that breaks a drawing in the place of `right`. */
  readonly breaks: readonly (readonly [right: string, wrong: string])[];
}

const root = join(import.meta.dirname, "..");
const golden = join(root, "test/golden/graph");
/** Equal webs in every run: a check that fails now and then is ignored. */
const webs = fc.sample(anyWeb, { seed: 1, numRuns: 50 });

try {
  if (installLocked(join(import.meta.dirname, "graph-parsers"))) console.log("ok    the parsers are installed");
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
  if (names.length === 0) throw new Error(`no file with ${extension} in ${golden}`);
  return names.toSorted().map((name) => join(golden, name));
}

/**
 * Ignores spaces around names, which Mermaid drops.
 *
 * @throws Error when an actor or a topic of the graph is missing or has another name.
 */
function withNamesOf({ actors, queues }: EventGraph, reading: Reading): Reading {
  const expected = [...actors.map(({ name }) => name), ...queues.map(({ name }) => name.topic)];
  const trimmed = new Set([...reading.names].map((name) => name.trim()));
  const missing = expected.filter((name) => !trimmed.has(name.trim()));
  if (missing.length === 0) return reading;
  const read = [...trimmed].map((name) => JSON.stringify(name)).join(", ");
  throw new Error(`missing names: ${missing.map((name) => JSON.stringify(name)).join(", ")}; names read: ${read}`);
}

/** @throws Error when the parser accepts the broken text, because then the check proves nothing. */
async function assertRefused(read: Read, text: string, right: string, wrong: string): Promise<void> {
  if (!text.includes(right)) throw new Error(`the text lacks ${right}, so the check breaks nothing`);
  const accepted = await read(text.replace(right, wrong)).then(
    () => true,
    () => false,
  );
  if (accepted) throw new Error("the parser accepted the broken text");
}

async function check<T>(what: string, body: () => Promise<T>, detail: (value: T) => string = () => ""): Promise<void> {
  try {
    console.log(`ok    ${what}${detail(await body())}`);
  } catch (error) {
    console.log(`FAIL  ${what}`);
    throw error;
  }
}

function told({ contents }: Reading): string {
  return `: ${contents}`;
}
