import { useMemo } from "preact/hooks";
import type { DrawnArrow, DrawnBox, DrawnCard, Drawing, Look, QueueRow } from "../src/web/dashboard/wire.ts";
import { count, rate } from "./parts.tsx";

/** The graph of events, with the counts and rates of now. What is in trouble has a red frame and a mark. */
export function Graph({ drawing, look }: { readonly drawing: Drawing; readonly look: Look }) {
  const rows = useMemo(() => new Map(look.queues.map((row) => [row.name, row])), [look]);
  const flows = useMemo(() => new Map(look.flows.map((flow) => [`${flow.from}\n${flow.to}`, flow])), [look]);
  const { left, top, width, height } = drawing;
  return (
    <div class="graph" tabIndex={0} role="region" aria-label="The graph of events; the table below says the same">
      <svg viewBox={`${left} ${top} ${width} ${height}`} width={width} style={{ minWidth: `${0.8 * width}px` }}>
        <defs>
          <marker
            id="head"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0,0 L8,4 L0,8 Z" class="head" />
          </marker>
        </defs>
        {drawing.arrows.map((arrow) => {
          const flow = flows.get(`${arrow.from}\n${arrow.to}`);
          const kind = `${flow && flow.perMinute > 0 ? " busy" : ""}${arrow.declared ? "" : " undeclared"}`;
          return <path key={arrow.path} class={`arrow${kind}`} d={arrow.path} marker-end="url(#head)" />;
        })}
        {drawing.cards.map((card) => (
          <Card key={`${card.header.kind} ${card.header.text}`} card={card} rows={rows} />
        ))}
        {drawing.arrows.map((arrow) => (
          <Label key={arrow.path} arrow={arrow} flow={flows.get(`${arrow.from}\n${arrow.to}`)} />
        ))}
      </svg>
    </div>
  );
}

type Rows = ReadonlyMap<string, QueueRow>;

function Card({ card, rows }: { readonly card: DrawnCard; readonly rows: Rows }) {
  return (
    <g transform={`translate(${card.x},${card.y})`}>
      {card.readers.length > 0 && <rect class="card" width={card.width} height={card.height} rx="8" />}
      {[card.header, ...card.readers].map((box) => (
        <Box
          key={`${box.text} ${box.queue}`}
          box={box}
          row={box.queue === undefined ? undefined : rows.get(box.queue)}
        />
      ))}
    </g>
  );
}

function Box({ box, row }: { readonly box: DrawnBox; readonly row: QueueRow | undefined }) {
  const { kind, text, note, tooltip, x, y, width, height } = box;
  const level = row?.trouble[0]?.level ?? "";
  const middle = y + height / 2 - (note === "" ? 0 : 6);
  const radius = kind === "actor" ? 4 : kind === "pulser" || kind === "outside" ? height / 2 : 8;
  const said = row && row.trouble.length > 0 ? `: ${row.trouble.map((one) => one.text).join(", ")}` : "";
  const shape = (
    <>
      <title>{`${tooltip}${said}`}</title>
      <rect x={x} y={y} width={width} height={height} rx={radius} />
      <text x={x + width / 2} y={middle + 4.5}>
        {text}
      </text>
      {note !== "" && (
        <text class="note" x={x + width / 2} y={middle + 17}>
          {note}
        </text>
      )}
      {row && <Waiting box={box} row={row} />}
      {level !== "" && <Mark x={x} y={y} level={level} dead={row?.dead ?? 0} />}
    </>
  );
  if (!row) return <g class={`box ${kind}`}>{shape}</g>;
  return (
    <a
      class={`box ${kind} ${level}`}
      href={`#/queue/${encodeURIComponent(row.name)}`}
      aria-label={`${row.name}${said}`}
    >
      {shape}
    </a>
  );
}

/** The number of events that wait, at the corner of their reader. */
function Waiting({
  box: { x, y, width, height },
  row: { ready, leased, delayed },
}: {
  readonly box: DrawnBox;
  readonly row: QueueRow;
}) {
  const waiting = ready + leased + delayed;
  if (waiting === 0) return null;
  const text = count(waiting);
  const room = 8 + text.length * 6;
  return (
    <g class="waiting">
      <rect x={x + width - room + 4} y={y + height - 8} width={room} height="14" rx="7" />
      <text x={x + width - room / 2 + 4} y={y + height + 2.5}>
        {text}
      </text>
    </g>
  );
}

function Mark({
  x,
  y,
  level,
  dead,
}: {
  readonly x: number;
  readonly y: number;
  readonly level: string;
  readonly dead: number;
}) {
  const text = level === "bad" ? (dead > 0 ? `! ${count(dead)}` : "!") : "△";
  const room = 10 + text.length * 5.5;
  return (
    <g class={`mark ${level}`}>
      <rect x={x - 6} y={y - 7} width={room} height="14" rx="7" />
      <text x={x - 6 + room / 2} y={y + 3.5}>
        {text}
      </text>
    </g>
  );
}

function Label({
  arrow,
  flow,
}: {
  readonly arrow: DrawnArrow;
  readonly flow: { readonly count: number; readonly perMinute: number } | undefined;
}) {
  if (!flow || flow.count === 0) return null;
  const text = flow.perMinute > 0 ? `${count(flow.count)} · ${rate(flow.perMinute)}/min` : count(flow.count);
  const room = 10 + text.length * 5.4;
  const doubt = arrow.declared ? "" : "; no actor declares that it publishes them";
  const all = arrow.shared ? ", from all queues of the actor" : "";
  return (
    <g class={`label${flow.perMinute > 0 ? " busy" : ""}`}>
      <title>{`${count(flow.count)} events in the last hour, ${rate(flow.perMinute)} in the last minute${all}${doubt}`}</title>
      <rect x={arrow.x - room / 2} y={arrow.y - 8} width={room} height="16" rx="8" />
      <text x={arrow.x} y={arrow.y + 3.5}>
        {text}
      </text>
    </g>
  );
}
