import type { Direction } from "../mermaid.ts";
import type { Layer, Layout, PlacedArrow, PlacedCard, Point } from "./layout.ts";

/** The distance of a backward arrow from the cards that it goes around. */
const distance = 13;
const corner = 9;
/** Half of the name strip at the top of a card. */
const headStrip = 15;

/** The line of an arrow, and the place of its label. */
export interface Route {
  readonly path: string;
  readonly middle: Point;
  /** Points whose bounding box contains the line. */
  readonly points: readonly Point[];
}

/**
 * Returns the route of an arrow, from the foot of a reader to the head of a card.
 *
 * It is straight within a layer and curved between layers, so it crosses no card. A backward arrow goes around its own
 * card and arrives from the side. All routes are computed downwards, and turned for a flow to the right.
 */
export function routeOf({ arrow, between }: PlacedArrow, { cards, layers }: Layout, direction: Direction): Route {
  const axis = direction === "down" ? identity : swapped;
  const [from, to] = [frameOf(cards.get(arrow.from), axis), frameOf(cards.get(arrow.to), axis)];
  const foot = footOf(cards.get(arrow.from), arrow.reader, axis);
  const [source, target] = [layerAt(from, layers), layerAt(to, layers)];
  const passed = between.map(axis).map(({ x, y }) => ({ x, ...layerAt({ top: y, bottom: y }, layers) }));
  if (foot.y < to.top) {
    const head = { x: direction === "down" ? (to.left + to.right) / 2 : to.left + headStrip, y: to.top };
    const points = [
      { x: foot.x, y: source.end },
      ...passed.flatMap(({ x, start, end }) => [
        { x, y: start },
        { x, y: end },
      ]),
      { x: head.x, y: target.start },
      ...(target.start < head.y ? [head] : []),
    ];
    return {
      path: `${line([foot], axis)}${swing(points, axis)}`,
      middle: axis(middleOf(points.slice(2 * passed.length))),
      points: points.map(axis),
    };
  }
  // In a flow to the right, the head of a card is at one of its sides.
  const fromLeft = direction === "right" || (passed.at(-1)?.x ?? from.right) < (to.left + to.right) / 2;
  const side = fromLeft ? to.left : to.right;
  const home = { x: laneBeside(to, fromLeft, passed.at(-1)?.x), y: to.top + headStrip };
  const depth = from.bottom + distance;
  const ends = [home, { x: side, y: home.y }];
  if (arrow.from === arrow.to) {
    const points = [foot, { x: foot.x, y: depth }, { x: home.x, y: depth }, ...ends];
    return { path: line(points, axis), middle: axis({ x: home.x, y: (home.y + depth) / 2 }), points: points.map(axis) };
  }
  const toLeft = (passed[0]?.x ?? home.x) < (from.left + from.right) / 2;
  const lane = laneBeside(from, toLeft, passed[0]?.x);
  const out = [foot, { x: foot.x, y: depth }, { x: lane, y: depth }, { x: lane, y: source.start }];
  const way = [
    { x: lane, y: source.start },
    ...passed.flatMap(({ x, start, end }) => [
      { x, y: end },
      { x, y: start },
    ]),
    { x: home.x, y: target.end },
  ];
  return {
    path: `${line(out, axis)}${swing(way, axis)}${line([...way.slice(-1), ...ends], axis).replace(/^M\S+/, "")}`,
    middle: axis(middleOf(way.slice(-2))),
    points: [...out, ...way, ...ends].map(axis),
  };
}

/** Returns a line close beside a card, or straight to the next point if as close. */
function laneBeside({ left, right }: Frame, atLeft: boolean, next: number | undefined): number {
  const room = next === undefined ? 0 : atLeft ? left - next : next - right;
  const away = room > distance / 2 && room < 3 * distance ? room : distance;
  return atLeft ? left - away : right + away;
}

interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

type Axis = (point: Point) => Point;
const identity: Axis = (point) => point;
const swapped: Axis = ({ x, y }) => ({ x: y, y: x });

function frameOf(placed: PlacedCard | undefined, axis: Axis): Frame {
  const { x = 0, y = 0, card } = placed ?? {};
  const first = axis({ x, y });
  const last = axis({ x: x + (card?.width ?? 0), y: y + (card?.height ?? 0) });
  return { top: first.y, bottom: last.y, left: first.x, right: last.x };
}

function layerAt({ top, bottom }: Pick<Frame, "top" | "bottom">, layers: readonly Layer[]): Layer {
  const middle = (top + bottom) / 2;
  return layers.find(({ start, end }) => start <= middle && middle <= end) ?? { start: top, end: bottom };
}

function footOf(placed: PlacedCard | undefined, reader: number | undefined, axis: Axis): Point {
  const { x = 0, y = 0, card } = placed ?? {};
  const box = reader === undefined ? card?.header : card?.readers[reader];
  const { x: left = 0, y: top = 0, width = 0, height = 0 } = box ?? {};
  const [first, last] = [axis({ x: x + left, y: y + top }), axis({ x: x + left + width, y: y + top + height })];
  return { x: (first.x + last.x) / 2, y: last.y };
}

/** Returns curves through the points that leave and arrive along the flow. */
function swing(points: readonly Point[], axis: Axis): string {
  const [first, ...rest] = points;
  let from = first;
  let path = first ? ` L${text(axis(first))}` : "";
  for (const to of rest) {
    const half = ((from?.y ?? to.y) + to.y) / 2;
    const straight = from?.x === to.x;
    path += straight
      ? ` L${text(axis(to))}`
      : ` C${text(axis({ x: from?.x ?? to.x, y: half }))} ${text(axis({ x: to.x, y: half }))} ${text(axis(to))}`;
    from = to;
  }
  return path;
}

/** Returns straight lines with rounded corners. */
function line([first, ...rest]: readonly Point[], axis: Axis): string {
  let from = first;
  let path = first ? `M${text(axis(first))}` : "";
  for (const [index, to] of rest.entries()) {
    const next = rest[index + 1];
    path +=
      from && next
        ? ` L${text(axis(toward(to, from)))} Q${text(axis(to))} ${text(axis(toward(to, next)))}`
        : ` L${text(axis(to))}`;
    from = to;
  }
  return path;
}

function toward(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const part = Math.min(corner, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function middleOf([a, b]: readonly Point[]): Point {
  return { x: ((a?.x ?? 0) + (b?.x ?? 0)) / 2, y: ((a?.y ?? 0) + (b?.y ?? 0)) / 2 };
}

function text({ x, y }: Point): string {
  return `${round(x)},${round(y)}`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
