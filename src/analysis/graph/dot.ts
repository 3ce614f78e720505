import type { EventGraph } from "./event-graph.ts";
import { flowChart, type ChartEdge, type ChartNode, type ChartNodeKind } from "./flow-chart.ts";
import type { Direction } from "./mermaid.ts";
import { palette } from "./palette.ts";

const shapes: Readonly<Record<ChartNodeKind, string>> = {
  actor: "box",
  topic: "box",
  queue: "cylinder",
  pulser: "hexagon",
  outside: "circle",
};

/** Returns the graph in the language of Graphviz, for `dot -Tsvg`. */
export function dot(graph: EventGraph, direction: Direction = "right"): string {
  const { nodes, edges } = flowChart(graph);
  const lines = [
    `rankdir=${direction === "right" ? "LR" : "TB"}; bgcolor=transparent;`,
    `node [fontname="Helvetica,Arial,sans-serif" fontsize=11];`,
    `edge [fontname="Helvetica,Arial,sans-serif" fontsize=10 color="${palette.line}" fontcolor="${palette.line}"];`,
    ...nodes.map(nodeLine),
    ...edges.map(edgeLine),
  ];
  return `digraph beehive {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

function nodeLine({ id, kind, lines }: ChartNode): string {
  const { fill, stroke, text } = palette[kind];
  const style = kind === "topic" ? "filled,rounded" : "filled";
  const colours = `fillcolor="${fill}" color="${stroke}" fontcolor="${text}"`;
  return `${id} [label="${lines.map(escape).join("\\n")}" shape=${shapes[kind]} style="${style}" ${colours}];`;
}

function edgeLine({ from, to, label, doubt }: ChartEdge): string {
  const attributes = [
    ...(label === "" ? [] : [`label="${escape(label)}"`]),
    ...(doubt === "undeclared" ? [`style=dashed color="${palette.undeclared}"`] : []),
    ...(doubt === "unseen" ? ["style=dotted"] : []),
  ];
  return `${from} -> ${to}${attributes.length === 0 ? "" : ` [${attributes.join(" ")}]`};`;
}

/** Escapes backslashes, quotes and ampersands; `\\n` stands between the lines. */
function escape(text: string): string {
  return text
    .replaceAll(/[\\"]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll(/\p{Cc}+/gu, " ");
}
