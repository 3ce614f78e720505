import { Graph, layout as dagreLayout } from "@dagrejs/dagre";
import type { Direction } from "../mermaid.ts";
import { noteSize, type Arrow, type Card, type Cards } from "./cards.ts";
import { textWidth } from "./text-width.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A placed card; `x` and `y` are its corner. */
export interface PlacedCard extends Point {
  readonly card: Card;
}

/** The extent of one layer along the flow. */
export interface Layer {
  readonly start: number;
  readonly end: number;
}

/** An arrow, and the middles of the layers that it passes between its cards. */
export interface PlacedArrow {
  readonly arrow: Arrow;
  readonly between: readonly Point[];
}

export interface Layout {
  readonly cards: ReadonlyMap<string, PlacedCard>;
  /** In the order of the flow. */
  readonly layers: readonly Layer[];
  readonly arrows: readonly PlacedArrow[];
}

/** Places the cards in layers along the flow, so that few arrows cross. */
export function layOut({ cards, arrows }: Cards, direction: Direction): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction === "down" ? "TB" : "LR",
    nodesep: 44,
    edgesep: 24,
    ranksep: 48,
    ranker: "network-simplex",
  });
  for (const { id, width, height } of cards) graph.setNode(id, { width, height });
  arrows.forEach(({ from, to, label }, index) => {
    if (from !== to)
      graph.setEdge(
        from,
        to,
        label === "" ? {} : { width: textWidth(label, noteSize) + 10, height: 16, labelpos: "c" },
        String(index),
      );
  });
  dagreLayout(graph);
  const placed = cards.map((card) => {
    const { x = 0, y = 0 } = graph.node(card.id) as Partial<Point>;
    return { card, x: x - card.width / 2, y: y - card.height / 2 };
  });
  return {
    cards: new Map(placed.map((one) => [one.card.id, one])),
    layers: layersOf(placed, direction),
    arrows: arrows.map((arrow, index) => {
      const edge = graph.edge(arrow.from, arrow.to, String(index)) as
        | { readonly points?: readonly Point[] }
        | undefined;
      // Skips every other point, which is in an empty gap between layers, and the ends, which are at the cards.
      return { arrow, between: edge?.points?.slice(1, -1).filter((_, at) => at % 2 === 1) ?? [] };
    }),
  };
}

/** Returns the layers; the cards of one layer share their middle line. */
function layersOf(cards: readonly PlacedCard[], direction: Direction): Layer[] {
  const layers = new Map<number, Layer>();
  for (const { card, x, y } of cards) {
    const [start, length] = direction === "down" ? [y, card.height] : [x, card.width];
    const middle = Math.round(start + length / 2);
    const layer = layers.get(middle) ?? { start, end: start + length };
    layers.set(middle, { start: Math.min(layer.start, start), end: Math.max(layer.end, start + length) });
  }
  return [...layers.values()].toSorted((a, b) => a.start - b.start);
}
