import type { Drawing, Look, QueueRow, SourceRow } from "../src/web/dashboard/wire.ts";
import { Chart } from "./chart.tsx";
import { useFetched, useLive } from "./connection.ts";
import { Pause } from "./controls.tsx";
import { Forks } from "./forks.tsx";
import { Graph } from "./graph.tsx";
import { count, duration, Empty, Panel, Problem, QueueLink, rate, Troubles } from "./parts.tsx";

/** The width up to which the charts stand beside the graph, in px. */
const besideWidth = 880;

/** The hive at a glance: what is in trouble, the graph of events, the last hour, all queues. */
export function Overview() {
  const { look } = useLive();
  const { data: drawing } = useFetched<Drawing>("drawing", {}, look?.drawing);
  if (!look) return <Empty>Looking at the provider…</Empty>;
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <Problem text={look.failure === undefined ? undefined : `The provider could not be asked: ${look.failure}`} />
      {look.warnings.map((warning) => (
        <Problem key={warning} text={warning} />
      ))}
      {look.pause && <Pause of={look.pause} />}
      <Sums look={look} />
      <div class={drawing && drawing.width < besideWidth ? "beside" : ""}>
        {drawing && drawing.cards.length > 0 && (
          <Panel title="Events" aside={<span class="aside">in the last hour</span>}>
            <Graph drawing={drawing} look={look} />
            {drawing.leftOut.length > 0 && (
              <p class="dim">Not drawn, since they read nearly every event: {drawing.leftOut.join(", ")}.</p>
            )}
          </Panel>
        )}
        <div>
          <InTrouble rows={look.queues} sources={look.sources} />
          <LastHour look={look} />
        </div>
      </div>
      <Queues rows={look.queues} hasRates={look.hasJournal} />
      <Forks rows={look.forks} />
    </>
  );
}

function InTrouble({ rows, sources }: { readonly rows: readonly QueueRow[]; readonly sources: readonly SourceRow[] }) {
  const troubled = rows.filter(({ trouble }) => trouble.length > 0);
  const held = sources.filter(({ failing, pause }) => failing !== undefined || pause !== undefined);
  const isWell = troubled.length + held.length === 0;
  return (
    <Panel title={isWell ? "Nothing is in trouble" : "In trouble"}>
      {!isWell && (
        <ul class="troubled">
          {held.map(({ name, failing, pause }) => (
            <li key={`source ${name}`}>
              <a href="#/sources">source {name}</a>
              <Troubles
                of={[
                  ...(failing === undefined ? [] : [{ level: "bad" as const, text: `held up by ${failing}` }]),
                  ...(pause ? [{ level: "bad" as const, text: `paused by ${pause.operator ?? pause.by}` }] : []),
                ]}
              />
            </li>
          ))}
          {troubled.map(({ name, trouble, dead }) => (
            <li key={name}>
              <QueueLink name={name} />
              <Troubles of={trouble} />
              {dead > 0 && <a href={`#/letters/${encodeURIComponent(name)}`}>See them by cause</a>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Sums({ look: { queues, hives } }: { readonly look: Look }) {
  const sum = (of: (row: QueueRow) => number): number => queues.reduce((total, row) => total + of(row), 0);
  const oldest = Math.max(0, ...queues.map(({ oldestMs = 0 }) => oldestMs));
  const figures: readonly (readonly [name: string, value: string, isBad?: boolean])[] = [
    ["attempts/min", rate(sum((row) => row.perMinute))],
    ["ready", count(sum((row) => row.ready))],
    ["in work", count(sum((row) => row.leased))],
    ["delayed", count(sum((row) => row.delayed))],
    ["oldest waits", oldest === 0 ? "–" : duration(oldest)],
    ["dead letters", count(sum((row) => row.dead)), sum((row) => row.dead) > 0],
    [hives.length === 1 ? "process" : "processes", count(hives.length)],
  ];
  return (
    <dl class="sums">
      {figures.map(([name, value, isBad]) => (
        <div key={name} class={isBad ? "bad" : ""}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function LastHour({ look }: { readonly look: Pick<Look, "series" | "hasJournal"> }) {
  const { time, done, failed, wait } = look.series;
  if (!look.hasJournal)
    return <Empty>There are no rates, since no journal is kept: createHive({"{ journal: true }"}).</Empty>;
  return (
    <Panel title="The last hour">
      <div class="charts">
        <Chart title="Committed" unit="a minute" tone="calm" time={time} values={done} />
        <Chart title="Failed attempts" unit="a minute" tone="bad" time={time} values={failed} />
        <Chart title="Longest wait" unit="s" tone="slow" time={time} values={wait} />
      </div>
    </Panel>
  );
}

function Queues({ rows, hasRates }: { readonly rows: readonly QueueRow[]; readonly hasRates: boolean }) {
  return (
    <Panel title="Queues">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" class="wide">
                Actor
              </th>
              <th scope="col" class="number">
                Ready
              </th>
              <th scope="col" class="number">
                In work
              </th>
              <th scope="col" class="number">
                Delayed
              </th>
              <th scope="col" class="number">
                Dead
              </th>
              {hasRates && (
                <th scope="col" class="number wide">
                  A minute
                </th>
              )}
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.toSorted(troubledFirst).map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <QueueLink name={row.name} />
                </th>
                <td class="wide">{row.actor ?? "unknown"}</td>
                <Amount of={row.ready} />
                <Amount of={row.leased} />
                <Amount of={row.delayed} />
                <Amount of={row.dead} isBad />
                {hasRates && <td class="number wide">{rate(row.perMinute)}</td>}
                <td>{row.trouble.length === 0 ? <span class="well">well</span> : <Troubles of={row.trouble} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function troubledFirst(one: QueueRow, other: QueueRow): number {
  return rankOf(other) - rankOf(one);
}

function rankOf({ trouble: [worst] }: QueueRow): number {
  return worst === undefined ? 0 : worst.level === "bad" ? 2 : 1;
}

function Amount({ of, isBad = false }: { readonly of: number; readonly isBad?: boolean }) {
  return <td class={`number ${of === 0 ? "none" : isBad ? "bad" : ""}`}>{count(of)}</td>;
}
