import type { EventGraph } from "../event-graph.ts";
import type { Direction } from "../mermaid.ts";
import { palette } from "../palette.ts";
import { cardsOf, fontSize, noteSize, type Arrow, type Box } from "./cards.ts";
import { layOut, type PlacedCard } from "./layout.ts";
import { round, routeOf, type Route } from "./route.ts";
import { textWidth } from "./text-width.ts";

const margin = 20;

/**
 * Returns a self-contained picture: a card for each event with its actors, and arrows between them.
 *
 * Its background is transparent, and its colours fit light and dark pages.
 */
export function svg(graph: EventGraph, direction: Direction = "right"): string {
  const layout = layOut(cardsOf(graph, direction), direction);
  const cards = [...layout.cards.values()];
  const routes = layout.arrows.map((one) => ({ arrow: one.arrow, route: routeOf(one, layout, direction) }));
  const corners = [
    ...cards.flatMap(({ x, y, card }) => [
      { x, y },
      { x: x + card.width, y: y + card.height },
    ]),
    ...routes.flatMap(({ route }) => route.points),
  ];
  const [left, right] = extent(corners.map(({ x }) => x));
  const [top, bottom] = extent(corners.map(({ y }) => y));
  const [width, height] = [right - left, bottom - top];
  const title = "The events of a web of actors, and which actors react to them";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="${fontSize}" text-anchor="middle">`,
    `<title>${title}</title>`,
    "<defs>",
    marker("arrow", palette.line),
    marker("arrow-undeclared", palette.undeclared),
    "</defs>",
    ...routes.map(({ arrow, route }) => arrowLine(arrow, route)),
    ...cards.map(drawCard),
    ...routes.flatMap(({ arrow, route }) => (arrow.label === "" ? [] : [label(arrow, route)])),
    "</svg>",
    "",
  ].join("\n");
}

function extent(numbers: readonly number[]): readonly [number, number] {
  if (numbers.length === 0) return [0, 2 * margin];
  return [Math.floor(Math.min(...numbers)) - margin, Math.ceil(Math.max(...numbers)) + margin];
}

function marker(id: string, colour: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 Z" fill="${colour}"/></marker>`;
}

function arrowLine({ doubt }: Arrow, { path }: Route): string {
  const colour = doubt === "undeclared" ? palette.undeclared : palette.line;
  const dashes = { undeclared: ` stroke-dasharray="6 4"`, unseen: ` stroke-dasharray="2 4"`, undefined: "" }[
    `${doubt}`
  ];
  const head = doubt === "undeclared" ? "arrow-undeclared" : "arrow";
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.6"${dashes} marker-end="url(#${head})"/>`;
}

function drawCard({ x, y, card }: PlacedCard): string {
  const frame =
    card.readers.length === 0
      ? ""
      : `<rect width="${round(card.width)}" height="${round(card.height)}" rx="8" fill="${palette.topic.fill}" fill-opacity="0.16" stroke="${palette.topic.stroke}"/>`;
  return `<g transform="translate(${round(x)},${round(y)})">${frame}${[card.header, ...card.readers].map(drawBox).join("")}</g>`;
}

function drawBox({ kind, text, note, tooltip, x, y, width, height }: Box): string {
  const { fill, stroke, text: colour } = palette[kind];
  const center = round(x + width / 2);
  const middle = y + height / 2 - (note === "" ? 0 : 6);
  const radius = kind === "actor" ? 4 : kind === "pulser" || kind === "outside" ? height / 2 : 8;
  const bold = kind === "actor" ? "" : ` font-weight="600"`;
  const noteText =
    note === ""
      ? ""
      : `<text x="${center}" y="${round(middle + 17)}" font-size="${noteSize}" fill="${colour}" fill-opacity="0.85">${escape(note)}</text>`;
  const bars =
    kind === "queue"
      ? `<path d="M${round(x + 6)},${round(y)} v${height} M${round(x + width - 6)},${round(y)} v${height}" stroke="${stroke}"/>`
      : "";
  return `<g><title>${escape(tooltip)}</title><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}" fill="${fill}" stroke="${stroke}"/>${bars}<text x="${center}" y="${round(middle + 4.5)}" fill="${colour}"${bold}>${escape(text)}</text>${noteText}</g>`;
}

function label({ label: text, doubt }: Arrow, { middle: { x, y } }: Route): string {
  const width = textWidth(text, noteSize) + 10;
  const fill = doubt === "undeclared" ? palette.undeclared : palette.outside.fill;
  return `<g><rect x="${round(x - width / 2)}" y="${round(y - 8)}" width="${width}" height="16" rx="8" fill="${fill}"/><text x="${round(x)}" y="${round(y + 3.5)}" font-size="${noteSize}" fill="#ffffff">${escape(text)}</text></g>`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Removes control characters and lone surrogates, which XML cannot hold even escaped. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\ufffe\uffff]/gu, " ")
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");
}
