import type { ChartNodeKind } from "./flow-chart.ts";

interface Colours {
  readonly fill: string;
  readonly stroke: string;
  readonly text: string;
}

const events: Colours = { fill: "#f5b82e", stroke: "#b07d0a", text: "#241a02" };

/** Colours for light and dark pages alike. */
export const palette: Readonly<Record<ChartNodeKind, Colours>> & {
  readonly line: string;
  readonly undeclared: string;
} = {
  actor: { fill: "#1f4b7a", stroke: "#5b8fc7", text: "#ffffff" },
  topic: events,
  queue: events,
  pulser: { fill: "#2c7a5b", stroke: "#63b394", text: "#ffffff" },
  outside: { fill: "#57606a", stroke: "#8b949e", text: "#ffffff" },
  line: "#7d8590",
  undeclared: "#e5534b",
};
