import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { asyncApi } from "../../../../src/analysis/graph/async-api/index.ts";
import { dot } from "../../../../src/analysis/graph/dot.ts";
import type { EventGraph } from "../../../../src/analysis/graph/event-graph.ts";
import { mermaid } from "../../../../src/analysis/graph/mermaid.ts";
import { svg } from "../../../../src/analysis/graph/svg/index.ts";
import { withoutActors } from "../../../../src/analysis/graph/transform.ts";
import { assertGolden } from "../../../support/golden.ts";
import { suite } from "../../../support/suite.ts";
import { observed, prismoGraph, webGraph } from "./graphs.ts";

const test = suite("the renderers of a graph");

const graphs: Readonly<Record<string, () => Promise<EventGraph>>> = {
  prismo: prismoGraph,
  web: () => webGraph(),
  "web-observed": () => webGraph({ observed }),
};

for (const [name, make] of Object.entries(graphs)) {
  test(`${name}: each format is as in its golden file`, async () => {
    const graph = await make();
    await assertGolden(`graph/${name}.mmd`, mermaid(graph));
    await assertGolden(`graph/${name}.dot`, dot(graph));
    await assertGolden(`graph/${name}.yaml`, asyncApi(graph, { title: name, version: "1.0.0" }));
    await assertGolden(`graph/${name}.svg`, svg(graph));
    await assertGolden(`graph/${name}-down.svg`, svg(graph, "down"));
  });
}

test("a flow that goes down is drawn down by each tool", async () => {
  const graph = await webGraph();
  assert.match(mermaid(graph, "down"), /^flowchart TD\n/);
  assert.match(dot(graph, "down"), "rankdir=TB");
});

test("an empty graph is well formed in each format", async () => {
  const graph = withoutActors(await webGraph({ eventTypes: [], pulsers: [], descriptors: [] }), ["nobody"]);
  assert.is(mermaid(graph), "flowchart LR\n");
  assert.match(dot(graph), /^digraph beehive \{\n[^]*\}\n$/);
  assert.match(svg(graph), 'viewBox="0 0 40 40"');
});

test("the picture of Prismo in the documents is up to date", async () => {
  const picture = svg(withoutActors(await prismoGraph(), ["TracingActor"]), "down");
  const path = join(dirname(fileURLToPath(import.meta.url)), "../../../../docs/prismo.svg");
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(path, picture);
  assert.fixture(picture, await readFile(path, "utf8"));
});

test.run();
