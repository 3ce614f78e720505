import { createHash } from "node:crypto";
import { QueueName } from "../../events/queue-name.ts";
import { forksOf, type Fork } from "../../analysis/graph/forks.ts";
import { makeEventGraph } from "../../analysis/graph/make-event-graph.ts";
import type { Direction } from "../../analysis/graph/mermaid.ts";
import { cardsOf, type Box } from "../../analysis/graph/svg/cards.ts";
import { layOut, type Layout } from "../../analysis/graph/svg/layout.ts";
import { routeOf } from "../../analysis/graph/svg/route.ts";
import type { EventGraph } from "../../analysis/graph/event-graph.ts";
import { withoutActors } from "../../analysis/graph/transform.ts";
import type { ObservedEdge } from "../../journal/observed-edges.ts";
import type { Watched } from "./watched.ts";
import type { DrawnBox, Drawing } from "./wire.ts";

/** The widest label of an arrow, for which the layout keeps room. */
const roomForLabel = "12,345 · 123/min";
const margin = 16;
/** The widest drawing that fits a page, in px. A longer flow goes down. */
const maxWidth = 1_200;
/** Actors that read so many topics, such as an audit, hide the flow: an arrow ends at each of their cards. */
const manyTopics = 5;

/** The parts of the graph that only running shows. */
export interface Observed {
  readonly edges: readonly Omit<ObservedEdge, "eventType">[];
  /** Subscriptions and queues with the actors that read them, where these are known. */
  readonly readers: ReadonlyMap<string, string | undefined>;
}

/** Draws the graph of events, and lays it out again only when the graph changes. */
export class Drawings {
  readonly #watched: Watched;
  #graph = "";
  #version = "";
  #drawing: Drawing | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Returns the drawing with a version that changes with it, and the topics that later ones replace. */
  of(observed: Observed): { readonly version: string; readonly drawing: Drawing; readonly forks: readonly Fork[] } {
    const graph = graphOf(this.#watched, observed);
    const text = JSON.stringify([graph.publications, graph.subscriptions, graph.queues.map(({ name }) => name)], plain);
    if (!this.#drawing || text !== this.#graph) {
      this.#graph = text;
      this.#version = createHash("sha256").update(text).digest("base64url").slice(0, 12);
      this.#drawing = draw(graph, this.#watched.descriptors.length > 0);
    }
    return { version: this.#version, drawing: this.#drawing, forks: forksOf(graph) };
  }
}

/** Returns the declared graph with all that was observed. */
function graphOf({ descriptors, pulsers, eventTypes }: Watched, { edges, readers }: Observed): EventGraph {
  const read = new Set(descriptors.map(({ queueName }) => queueName.toString()));
  const strangers = [...readers]
    .filter(([queue]) => !read.has(queue))
    .map(([queue, actor]) => {
      const queueName = QueueName.parse(queue);
      return { name: actor ?? (queueName.subscription || queueName.topic), queueName, publishes: [], event: undefined };
    });
  return makeEventGraph({
    descriptors: [...descriptors, ...strangers],
    pulsers,
    eventTypes,
    // The type of its events changes no drawing; the name of the topic stands for it.
    observed: edges.map((edge) => ({ ...edge, eventType: QueueName.parse(edge.destination).topic, count: 1 })),
  });
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof QueueName ? value.toString() : value;
}

/** @param isDeclared Whether the code is known, so that an arrow may be undeclared. */
function draw(whole: EventGraph, isDeclared: boolean): Drawing {
  const left = spectatorsOf(whole);
  const graph = withoutActors(whole, left);
  const right = drawTowards(graph, "right");
  const drawn = right.width <= maxWidth ? right : drawTowards(graph, "down");
  const arrows = drawn.arrows.map((arrow) => ({ ...arrow, declared: arrow.declared || !isDeclared }));
  return { ...drawn, arrows, leftOut: left };
}

/** Returns the actors that read more than half of all topics and publish nothing. */
function spectatorsOf({ actors, publications, subscriptions, queues }: EventGraph): readonly string[] {
  const publishers = new Set(publications.map(({ from }) => from.name));
  const read = (name: string): number => subscriptions.filter(({ actor }) => actor === name).length;
  return actors
    .map(({ name }) => name)
    .filter((name) => !publishers.has(name) && read(name) >= manyTopics && read(name) > queues.length / 2);
}

function drawTowards(graph: EventGraph, direction: Direction): Omit<Drawing, "leftOut"> {
  const { cards, arrows } = cardsOf(graph, direction);
  const layout = layOut({ cards, arrows: arrows.map((arrow) => ({ ...arrow, label: roomForLabel })) }, direction);
  const routes = layout.arrows.map(({ arrow, between }) => ({
    arrow,
    route: routeOf({ arrow, between }, layout, direction),
  }));
  return {
    ...frameOf(
      layout,
      routes.flatMap(({ route }) => route.points),
    ),
    cards: [...layout.cards.values()].map(({ x, y, card: { width, height, header, readers } }) => ({
      x,
      y,
      width,
      height,
      header: boxOf(header),
      readers: readers.map(boxOf),
    })),
    arrows: routes.map(({ arrow, route }) => ({
      path: route.path,
      x: route.middle.x,
      y: route.middle.y,
      from: arrow.actor,
      to: arrow.to.replace(/^queue /, ""),
      shared: arrow.shared,
      declared: arrow.doubt !== "undeclared",
    })),
  };
}

function boxOf({ kind, text, note, tooltip, queue, x, y, width, height }: Box): DrawnBox {
  return { kind, text, note, tooltip, queue: queue === "" ? undefined : queue, x, y, width, height };
}

/** Returns the box around the cards and the arrows. */
function frameOf(
  { cards }: Layout,
  points: readonly { readonly x: number; readonly y: number }[],
): Pick<Drawing, "left" | "top" | "width" | "height"> {
  const all = [...cards.values()].flatMap(({ x, y, card }) => [
    { x, y },
    { x: x + card.width, y: y + card.height },
  ]);
  const xs = [...all, ...points].map(({ x }) => x);
  const ys = [...all, ...points].map(({ y }) => y);
  if (all.length === 0) return { left: 0, top: 0, width: 0, height: 0 };
  const [left, top] = [Math.min(...xs) - margin, Math.min(...ys) - margin];
  return { left, top, width: Math.max(...xs) + margin - left, height: Math.max(...ys) + margin - top };
}
