/** Turns the results of a contest into tables and figures. */
import type { Contest, Entry, Standing } from "./contest/contest.ts";
import { ratiosOf, spreadOf, type Spread } from "./statistics.ts";
import { numberOf, spreadText, type Table } from "./table.ts";

export function standingOf({ standings }: Contest, entry: Entry): Standing | undefined {
  return standings.find((standing) => standing.entry === entry);
}

/** Returns the throughput table, with ratios to `ours`. */
export function speedTable(title: string, result: Contest, ours: Entry, window: number, notes: string[] = []): Table {
  const own = standingOf(result, ours);
  const counted = result.standings.some(({ flushesPerSecond }) => flushesPerSecond.some(Number.isFinite));
  const served = result.standings.some(({ entry }) => entry.server);
  const asked = result.standings.some(({ statements }) => statements.some(Number.isFinite));
  return {
    title,
    columns: [
      "contestant",
      "events/s",
      `${ours.name} to it`,
      "CPU ms for 1,000",
      ...(served ? ["its server's"] : []),
      ...(counted ? ["flushes/s"] : []),
      ...(asked ? ["statements an event", "WAL bytes an event"] : []),
      "peak MiB",
    ],
    rows: result.standings.map(
      ({ entry, rates, cpu, serverCpu, flushesPerSecond, statements, walBytes, peakBytes }) => [
        entry.name,
        spreadText(spreadOf(rates)),
        entry === ours ? "1" : spreadText(ratiosOf(own?.rates ?? [], rates)),
        numberOf(spreadOf(cpu).median),
        ...(served ? [entry.server ? numberOf(spreadOf(serverCpu).median) : ""] : []),
        ...(counted ? [numberOf(spreadOf(flushesPerSecond).median)] : []),
        ...(asked ? [statements, walBytes].map((each) => countOf(spreadOf(each).median)) : []),
        numberOf(peakBytes / 2 ** 20),
      ],
    ),
    notes: [
      `Events are handler calls, three for a source event; ${window} source events under way. Median (least to most) of ${result.standings[0]?.rates.length ?? 0} rounds; ratios are of rounds.`,
      ...result.standings.filter(({ sweep }) => sweep.size > 1).map(sweepNote),
      ...notes,
      ...result.leftOut.map((reason) => `Left out: ${reason}`),
    ],
  };
}

/** Empty for what is not counted there. */
function countOf(value: number): string {
  return Number.isFinite(value) ? numberOf(value) : "";
}

function sweepNote({ entry, concurrency, sweep }: Standing): string {
  const tried = [...sweep].map(([each, rate]) => `${each}: ${numberOf(rate)}`).join(", ");
  return `${entry.name} ran with a concurrency of ${concurrency}, the best of ${tried}.`;
}

/** Returns the latencies of the rounds, each an open loop. */
export function latencyTable(title: string, { standings }: Contest): Table {
  const asked = standings.some(({ idleStatements }) => Number.isFinite(idleStatements));
  return {
    title,
    columns: [
      "contestant",
      "source events/s",
      "p50 ms",
      "p99 ms",
      "CPU ms a second when idle",
      ...(asked ? ["statements a second when idle"] : []),
    ],
    rows: standings.map(({ entry, rates, latencies, idleCpu, idleStatements }) => [
      entry.name,
      numberOf((spreadOf(rates).median / 3) * 0.3),
      spreadText(latencySpread(latencies, "p50")),
      spreadText(latencySpread(latencies, "p99")),
      numberOf(idleCpu),
      ...(asked ? [countOf(idleStatements)] : []),
    ]),
    notes: [
      "Sent at a fixed rate however long answers take, and timed from when each should have been sent to its third handler call.",
    ],
  };
}

export function latencySpread(latencies: Standing["latencies"], which: "p50" | "p99"): Spread {
  return spreadOf(latencies.map((latency) => latency[which]));
}

/** Returns figures for programs: the median ratio of `ours` to each other, round by round. */
export function ratioFigures(
  result: Contest,
  ours: Entry,
  others: Readonly<Record<string, Entry>>,
): Record<string, number> {
  const rates = standingOf(result, ours)?.rates ?? [];
  const figures = Object.entries(others).flatMap(([name, entry]) => {
    const { median } = ratiosOf(rates, standingOf(result, entry)?.rates ?? []);
    return Number.isFinite(median) ? [[name, median] as const] : [];
  });
  return Object.fromEntries(figures);
}

/** Returns `sqliteEventsPerSecond`, `sqliteCpuMsPer1000`, ... */
export function ownFigures(prefix: string, result: Contest, ours: Entry): Record<string, number> {
  const own = standingOf(result, ours);
  if (!own) return {};
  return {
    [`${prefix}EventsPerSecond`]: spreadOf(own.rates).median,
    [`${prefix}CpuMsPer1000`]: spreadOf(own.cpu).median,
    ...(own.latencies.length > 0 && {
      [`${prefix}P50Ms`]: latencySpread(own.latencies, "p50").median,
      [`${prefix}P99Ms`]: latencySpread(own.latencies, "p99").median,
    }),
    ...(own.statements.some(Number.isFinite) && {
      [`${prefix}StatementsAnEvent`]: spreadOf(own.statements).median,
      [`${prefix}WalBytesAnEvent`]: spreadOf(own.walBytes).median,
    }),
    ...(Number.isFinite(own.idleStatements) && { [`${prefix}IdleStatementsPerSecond`]: own.idleStatements }),
    ...(Number.isFinite(own.idleCpu) && { [`${prefix}IdleCpuMsPerSecond`]: own.idleCpu }),
  };
}
