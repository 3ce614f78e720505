/** The runs of a simulation shared among processes: each plays a part of the seeds. */
import { fork } from "node:child_process";
import { text } from "node:stream/consumers";
import type { SimulationReport } from "../analysis/simulation/report.ts";
import { exitCode, UsageError } from "./exit-code.ts";

/** The seeds of one process. */
interface Part {
  readonly seed: number;
  readonly runs: number;
}

/** Progress of a process, which it sends to its parent. */
interface Progress {
  readonly runs: number;
  readonly failures: number;
}

/** The result of all processes. `message` is that of the failure with the lowest seed. */
export interface SharedRuns {
  readonly report: SimulationReport;
  readonly message: string | undefined;
}

export interface JobsOptions {
  /** The number of processes. */
  readonly jobs: number;
  readonly seed: number;
  readonly runs: number;
  /** Ends the processes with higher seeds at a failure. Those with lower seeds go on: they may fail, too. */
  readonly stopsAtFirst: boolean;
  readonly signal: AbortSignal;
  readonly onRun: (runs: number, failures: number) => void;
}

/** Plays the runs of this command line in several processes, each of which loads the modules anew. */
export async function inJobs(options: JobsOptions): Promise<SharedRuns> {
  const { jobs, seed, runs, stopsAtFirst, signal, onRun } = options;
  const began = performance.now();
  const all = partsOf(seed, runs, jobs);
  const ends = all.map(() => new AbortController());
  const progress = all.map((): Progress => ({ runs: 0, failures: 0 }));
  const over = new AbortController();
  const results = await Promise.all(
    all.map(async (part, n) => {
      const end = AbortSignal.any([signal, over.signal, (ends[n] as AbortController).signal]);
      const result = await play(part, end, (made) => {
        progress[n] = made;
        onRun(sum(progress.map((one) => one.runs)), sum(progress.map((one) => one.failures)));
      });
      if (stopsAtFirst && result?.message !== undefined) for (const higher of ends.slice(n + 1)) higher.abort();
      return result;
    }),
    // A process without a result ends the others.
  ).finally(() => over.abort());
  const done = results.filter((result) => result !== undefined);
  const message = done.find((result) => result.message !== undefined)?.message;
  return {
    report: mergedReports(
      done.map(({ report }) => report),
      performance.now() - began,
    ),
    message,
  };
}

/** Returns the parts of the seeds, as even as they can be. */
function partsOf(seed: number, runs: number, jobs: number): readonly Part[] {
  const count = Math.min(jobs, runs);
  const start = (n: number): number => Math.floor((n * runs) / count);
  return Array.from({ length: count }, (_, n) => ({ seed: seed + start(n), runs: start(n + 1) - start(n) }));
}

/** Plays a part. Returns `undefined` if it was ended before. */
async function play(
  { seed, runs }: Part,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<SharedRuns | undefined> {
  const own = ["--jobs", "1", "--seed", String(seed), "--runs", String(runs), "--json"];
  const child = fork(process.argv[1] ?? "", [...process.argv.slice(2), ...own], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    signal,
  });
  child.on("message", onProgress);
  // Emitted for the abort of the signal; `close` follows.
  child.on("error", () => {});
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    new Promise<number | null>((resolve) => void child.once("close", resolve)),
  ]);
  if (signal.aborted) return undefined;
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new UsageError(`A process of --jobs ended without a result. ${stderr.trim()}`);
  const { firstSeed, ...report } = JSON.parse(last) as Omit<SimulationReport, "firstSeed"> & {
    readonly firstSeed: number | null;
  };
  return {
    report: { ...report, firstSeed: firstSeed ?? undefined },
    message: code === exitCode.well ? undefined : stderr.trimEnd(),
  };
}

/** Adds up the reports of parts. */
function mergedReports(reports: readonly SimulationReport[], durationMs: number): SimulationReport {
  const faults = new Map<string, number>();
  for (const report of reports)
    for (const [fault, count] of Object.entries(report.faults)) faults.set(fault, (faults.get(fault) ?? 0) + count);
  const coverage = reports.map((report) => report.coverage);
  const [first] = coverage;
  const neverHit = (first?.actors.never ?? []).filter((name) =>
    coverage.every(({ actors }) => actors.never.includes(name)),
  );
  const reached = new Set(coverage.flatMap(({ calls }) => calls.reached));
  const isStruck = (call: string): boolean =>
    coverage.some(({ calls }) => calls.reached.includes(call) && !calls.never.includes(call));
  const never = [...reached].filter((call) => !isStruck(call)).toSorted();
  const seeds = reports.flatMap(({ firstSeed }) => (firstSeed === undefined ? [] : [firstSeed]));
  return {
    runs: sum(reports.map(({ runs }) => runs)),
    failures: sum(reports.map(({ failures }) => failures)),
    firstSeed: seeds.length > 0 ? Math.min(...seeds) : undefined,
    faults: Object.fromEntries([...faults].toSorted(([one], [other]) => (one < other ? -1 : 1))),
    coverage: {
      actors: { hit: (first ? first.actors.hit + first.actors.never.length : 0) - neverHit.length, never: neverHit },
      calls: { hit: reached.size - never.length, never, reached: [...reached].toSorted() },
    },
    durationMs,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
