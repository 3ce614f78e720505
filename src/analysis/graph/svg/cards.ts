import type { EventGraph, Publication } from "../event-graph.ts";
import { countText, doubtOf, isTelling, withoutSuffix, type ChartEdge, type ChartNodeKind } from "../flow-chart.ts";
import type { Direction } from "../mermaid.ts";
import { textWidth } from "./text-width.ts";

/** A line of text in a card, with its place in it. */
export interface Box {
  readonly kind: ChartNodeKind;
  readonly text: string;
  /** Small text below the line. */
  readonly note: string;
  /** The tooltip. */
  readonly tooltip: string;
  /** The topic or queue of a header, the subscription or queue that an actor reads; empty for publishers alone. */
  readonly queue: string;
  /** Relative to the corner of the card. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An event with the actors that react to it, or another publisher alone. */
export interface Card {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly header: Box;
  readonly readers: readonly Box[];
}

/** An arrow from a reader of a card, or from a card without readers, to another card. */
export interface Arrow {
  readonly from: string;
  readonly reader: number | undefined;
  readonly to: string;
  readonly label: string;
  readonly doubt: ChartEdge["doubt"];
  /** The actor that publishes; empty for other publishers. */
  readonly actor: string;
  /** True if the actor reads several queues: the journal does not tell which of them led to an event. */
  readonly shared: boolean;
}

export interface Cards {
  readonly cards: readonly Card[];
  readonly arrows: readonly Arrow[];
}

export const fontSize = 13;
export const noteSize = 10;
const headerHeight = 30;
const padding = 8;
const gap = 6;

type Line = Omit<Box, "x" | "y" | "width" | "height">;

/**
 * Returns the graph as cards. An actor appears in the card of each queue that it reads, which halves the picture.
 */
export function cardsOf(graph: EventGraph, direction: Direction): Cards {
  const { queues, actors, pulsers, publications, subscriptions } = graph;
  const card = (id: string, header: Line, readers: readonly Line[] = []): Card => place(id, header, readers, direction);
  const readersOf = (queue: string): typeof subscriptions =>
    subscriptions.filter(({ queueName }) => String(queueName.destination) === queue);
  const reading = new Set(subscriptions.map(({ actor }) => actor));
  const strangers = actors.filter(({ name }) => !reading.has(name));
  const isFed = publications.some(({ from }) => from.kind === "outside");

  const cards = [
    ...(isFed ? [card("outside ", line("outside", "outside", "", "Outside the actors"))] : []),
    ...pulsers.map(({ name, schedule }) =>
      card(`pulser ${name}`, line("pulser", name, schedule, `The pulser ${name}`)),
    ),
    ...strangers.map(({ name }) => card(`actor ${name}`, line("actor", withoutSuffix(name), "", name))),
    ...queues.map(({ name }) =>
      card(
        `queue ${name}`,
        line(name.kind === "queue" ? "queue" : "topic", name.topic, "", `The ${name.kind} ${name}`, String(name)),
        readersOf(String(name)).map((one) =>
          line(
            "actor",
            withoutSuffix(one.actor) || "anonymous",
            isTelling(one) ? one.queueName.subscription : "",
            `${one.actor} reads ${one.queueName}`,
            String(one.queueName),
          ),
        ),
      ),
    ),
  ];
  const arrowsOf = (one: Publication): Arrow[] => {
    const label = one.count === undefined ? "" : countText(one.count);
    const { kind, name } = one.from;
    const arrow = {
      to: `queue ${one.to}`,
      label,
      doubt: doubtOf(one),
      actor: kind === "actor" ? name : "",
      shared: false,
    };
    if (kind !== "actor" || !reading.has(name)) return [{ ...arrow, from: `${kind} ${name}`, reader: undefined }];
    const own = subscriptions.filter(({ actor }) => actor === name);
    const shared = own.length > 1 ? { shared: true, label: label === "" ? "" : `${label} in all` } : {};
    return own.map(({ queueName }) => {
      const queue = String(queueName.destination);
      const reader = readersOf(queue).findIndex((one) => one.queueName === queueName);
      return { ...arrow, ...shared, from: `queue ${queue}`, reader };
    });
  };
  return { cards, arrows: publications.flatMap(arrowsOf) };
}

function line(kind: ChartNodeKind, text: string, note: string, tooltip: string, queue: string = ""): Line {
  return { kind, text, note, tooltip, queue };
}

/** Places readers across the flow: side by side when going down, stacked when going right. */
function place(id: string, header: Line, readers: readonly Line[], direction: Direction): Card {
  const headHeight = header.note === "" ? headerHeight : headerHeight + noteSize + 2;
  const widths = readers.map(widthOf);
  const height = Math.max(0, ...readers.map(({ note }) => (note === "" ? 26 : 38)));
  const down = direction === "down";
  const row = down ? sum(widths) + gap * Math.max(0, readers.length - 1) : Math.max(0, ...widths);
  const width = Math.max(widthOf(header), readers.length === 0 ? 0 : row + 2 * padding);
  const spare = width - 2 * padding - row;
  const boxes = readers.map((reader, index) => {
    const before = down ? sum(widths.slice(0, index)) + (gap + spare / readers.length) * index : 0;
    return {
      ...reader,
      x: padding + before,
      y: headHeight + padding + (down ? 0 : (height + gap) * index),
      width: down ? (widths[index] ?? 0) + spare / readers.length : width - 2 * padding,
      height,
    };
  });
  const rows = readers.length === 0 ? 0 : down ? 1 : readers.length;
  const body = rows === 0 ? 0 : 2 * padding + rows * height + (rows - 1) * gap;
  return {
    id,
    width,
    height: headHeight + body,
    header: { ...header, x: 0, y: 0, width, height: headHeight },
    readers: boxes,
  };
}

function widthOf({ text, note }: Line): number {
  return Math.max(textWidth(text, fontSize), textWidth(note, noteSize)) + 20;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
