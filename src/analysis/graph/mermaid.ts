import type { EventGraph } from "./event-graph.ts";
import { flowChart, type ChartEdge, type ChartNode, type ChartNodeKind } from "./flow-chart.ts";
import { palette } from "./palette.ts";

/** The direction of the flow; long and narrow graphs read better down a page. */
export type Direction = "right" | "down";

const shapes: Readonly<Record<ChartNodeKind, readonly [open: string, close: string]>> = {
  actor: ["[", "]"],
  topic: ["([", "])"],
  queue: ["[(", ")]"],
  pulser: ["{{", "}}"],
  outside: ["((", "))"],
};

/** Returns a flow chart for Mermaid, which GitHub draws in documents. */
export function mermaid(graph: EventGraph, direction: Direction = "right"): string {
  const { nodes, edges } = flowChart(graph);
  const kinds = [...new Set(nodes.map(({ kind }) => kind))];
  const lines = [
    `flowchart ${direction === "right" ? "LR" : "TD"}`,
    ...nodes.map(nodeLine),
    ...edges.map(edgeLine),
    ...kinds.map((kind) => `classDef ${kind} ${styleOf(kind)}`),
    ...edges.flatMap(({ doubt }, index) =>
      doubt === "undeclared" ? [`linkStyle ${index} stroke:${palette.undeclared}`] : [],
    ),
  ];
  return lines.map((line, index) => `${index === 0 ? "" : "  "}${line}\n`).join("");
}

function nodeLine({ id, kind, lines }: ChartNode): string {
  const [open, close] = shapes[kind];
  return `${id}${open}"${lines.map(escape).join("<br/>")}"${close}:::${kind}`;
}

function edgeLine({ from, to, label, doubt }: ChartEdge): string {
  return `${from} ${doubt === undefined ? "-->" : "-.->"}${label === "" ? "" : `|"${escape(label)}"|`} ${to}`;
}

function styleOf(kind: ChartNodeKind): string {
  const { fill, stroke, text } = palette[kind];
  return `fill:${fill},stroke:${stroke},color:${text}`;
}

/**
 * Escapes every character with a meaning in Mermaid or HTML.
 *
 * Also the colon: Mermaid reads a number after `style:` as a colour, even in labels.
 */
function escape(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,/_()-]/gu, (character) => `#${character.codePointAt(0)};`);
}
