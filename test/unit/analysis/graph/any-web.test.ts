import fc from "fast-check";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { asyncApi } from "../../../../src/analysis/graph/async-api/index.ts";
import { dot } from "../../../../src/analysis/graph/dot.ts";
import type { EventGraph } from "../../../../src/analysis/graph/event-graph.ts";
import { mermaid } from "../../../../src/analysis/graph/mermaid.ts";
import { svg } from "../../../../src/analysis/graph/svg/index.ts";
import { cardsOf } from "../../../../src/analysis/graph/svg/cards.ts";
import { layOut, type PlacedCard } from "../../../../src/analysis/graph/svg/layout.ts";
import { suite } from "../../../support/suite.ts";
import { anyWeb, graphOfWeb, oddWeb } from "./any-web.ts";

const test = suite("any web of actors", { timeoutMs: 60_000 });

const outputs: Readonly<Record<string, (graph: EventGraph) => readonly string[]>> = {
  mermaid: (graph) => labelsOfMermaid(mermaid(graph)),
  dot: (graph) => labelsOfDot(dot(graph)),
  asyncapi: (graph) => textsOf(parse(asyncApi(graph, { title: "any", version: "1" }))),
  svg: (graph) => [...labelsOfSvg(svg(graph)), ...labelsOfSvg(svg(graph, "down"))],
};

for (const [format, labels] of Object.entries(outputs)) {
  test(`${format} holds every actor and event, whatever its name`, async () => {
    await fc.assert(
      fc.asyncProperty(anyWeb, async (parts) => {
        const graph = await graphOfWeb(parts);
        const told = labels(graph);
        for (const { name } of graph.actors)
          assert.ok(told.includes(name), `the actor ${JSON.stringify(name)} is missing`);
        for (const { name } of graph.queues) assert.ok(told.includes(name.topic), `the topic ${name} is missing`);
      }),
      { numRuns: 100, examples: [[oddWeb]] },
    );
  });
}

for (const direction of ["right", "down"] as const) {
  test(`going ${direction}, cards never overlap and arrows cross no card`, async () => {
    await fc.assert(
      fc.asyncProperty(anyWeb, async (parts) => {
        const { cards, arrows } = layOut(cardsOf(await graphOfWeb(parts), direction), direction);
        const placed = [...cards.values()];
        for (const [index, one] of placed.entries())
          for (const other of placed.slice(index + 1))
            assert.not.ok(overlap(one, other), `${one.card.id}, ${other.card.id}`);
        for (const { between } of arrows)
          for (const { x, y } of between)
            assert.not.ok(placed.some((one) => overlap(one, { x, y, card: { width: 0, height: 0 } })));
      }),
      { numRuns: 100, examples: [[oddWeb]] },
    );
  });
}

test("control characters in a name break no output", async () => {
  const graph = await graphOfWeb({ topics: ["A"], actors: [{ name: "a\nb\u0001\ud800c", reads: 0, publishes: [] }] });
  assert.ok(labelsOfMermaid(mermaid(graph)).includes("a\nb\u0001\ud800c"));
  assert.ok(labelsOfDot(dot(graph)).includes("a b \ud800c") || labelsOfDot(dot(graph)).includes("a b\ufffdc"));
  assert.ok(labelsOfSvg(svg(graph)).includes("a b \ufffdc"));
  assert.ok(parse(asyncApi(graph, { title: "any", version: "1" })));
});

test.run();

function overlap(
  a: Pick<PlacedCard, "x" | "y"> & { readonly card: { readonly width: number; readonly height: number } },
  b: Pick<PlacedCard, "x" | "y"> & { readonly card: { readonly width: number; readonly height: number } },
): boolean {
  return a.x < b.x + b.card.width && b.x < a.x + a.card.width && a.y < b.y + b.card.height && b.y < a.y + a.card.height;
}

/** Returns the texts of nodes. Each line must have a known form, so that no name can end its label. */
function labelsOfMermaid(text: string): string[] {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  assert.match(head, /^flowchart (LR|TD)$/);
  const label = String.raw`"((?:[\p{L}\p{N} .,/_()-]|#\d+;|<br/>)*)"`;
  const node = new RegExp(String.raw`^  \w+(?:\[|\(\[|\[\(|\{\{|\(\()${label}(?:\]|\]\)|\)\]|\}\}|\)\)):::\w+$`, "u");
  const other = new RegExp(
    String.raw`^  (?:\w+ -\.?->(?:\|${label}\|)? \w+|classDef \w+ [\w:#,]+|linkStyle \d+ stroke:#\w+)$`,
    "u",
  );
  return lines.flatMap((line) => {
    const found = node.exec(line);
    if (!found) assert.match(line, other);
    const [, written = ""] = found ?? [];
    return written.replaceAll(/#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)));
  });
}

function labelsOfDot(text: string): string[] {
  const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
  const statement = new RegExp(
    String.raw`^  (?:\w+(?: -> \w+)?(?: \[(?:\w+=(?:${quoted}|\w+) ?)*\])?;|rankdir=\w+; bgcolor=\w+;)$`,
  );
  const lines = text.trimEnd().split("\n").slice(1, -1);
  for (const line of lines) assert.match(line, statement);
  return lines.flatMap((line) => {
    const [, label] = /^  \w+ \[label="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    return label === undefined ? [] : [label.replaceAll(/\\(.)/g, "$1").replaceAll("&amp;", "&")];
  });
}

/** Returns the names of tooltips (`NAME reads QUEUE`, `The topic QUEUE`) and texts; the picture must be well formed. */
function labelsOfSvg(text: string): string[] {
  assert.match(text, /^(?:<[^<>]*>|[^<>&]|&(?:amp|lt|gt|quot);)*$/);
  const texts = [...text.matchAll(/<(?:title|text)[^>]*>([^<]*)</g)].map(([, one = ""]) => one);
  const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' };
  return texts
    .map((one) => one.replaceAll(/&\w+;/g, (entity) => entities[entity] ?? ""))
    .flatMap((one) => [one, one.replace(/ reads \w+(?:-\w+)?$/, "")]);
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
