/**
 * Runs the test files: `npm test`, or `npm test -- PATTERN` for the files whose path matches.
 *
 * Several processes share the files (`--workers N`). The runner builds on uvu's queue, and also fails on faults that
 * uvu lets pass: a hook that throws, a suite that was never run, no tests at all, `.only`, a test that hangs, an
 * unhandled rejection, a server left open, a process that ends.
 */
import { availableParallelism, constants } from "node:os";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "uvu/parse";
import { currentFile, FileRecord, openFile, type FileOutcome } from "./runner/ledger.ts";
import { patience } from "./runner/patience.ts";
import { endFile, lateFailure, startFile, summary, wholeFile } from "./runner/report.ts";
import { runFile, type TestFile } from "./runner/run-file.ts";
import { inOrder, runsAlone } from "./runner/schedule.ts";
import { sharePostgres } from "./runner/shared-postgres.ts";
import { runInWorkers, type PoolOptions } from "./runner/worker-pool.ts";

/** Maximum processes; each takes about 200 MB. */
const maxWorkers = 6;

const { values, positionals: patterns } = parseArgs({
  options: {
    root: { type: "string", default: "test" },
    // Every other file waits for leases most of the time, so use more processes than there are processors.
    workers: { type: "string", default: String(Math.min(availableParallelism() + 3, maxWorkers)) },
    "hang-limit": { type: "string", default: String(60_000 * patience) },
  },
  allowPositionals: true,
});
const started = Date.now();
const outcomes: FileOutcome[] = [];
const interrupt = new AbortController();
let finished = false;

process.on("exit", () => {
  if (finished) return;
  process.exitCode = 1;
  const record = currentFile();
  record.fail("", "the process ended before its tests did");
  if (!outcomes.includes(record)) outcomes.push(record);
  endFile(record);
  summary(outcomes, seconds());
});

const files = await testFiles();
if (files.length === 0) {
  const record = openFile(values.root);
  record.fail("", `no test file matches ${patterns.join(" ") || "*.test.ts"}`);
  outcomes.push(record);
  endFile(record);
}
const workers = Math.min(count("workers"), files.length);
const stopPostgres = await sharePostgres(files);
await (workers > 1 ? runSideBySide() : runHere());
await stopPostgres();

summary(outcomes, seconds());
finished = true;
const failed = outcomes.some(({ failures }) => failures.length > 0);
const signal = interrupt.signal.reason as NodeJS.Signals | undefined;
const code = signal ? 128 + constants.signals[signal] : Number(failed);
// Exit despite leaked handles, but flush all output first.
process.stdout.write("", () => process.exit(code));

async function testFiles(): Promise<TestFile[]> {
  const { suites } = await parse(values.root, /\.test\.ts$/, { ignore: [/^fixtures[\\/]/] });
  return suites
    .map(({ file }) => ({ name: relative(".", resolve(file)).replaceAll("\\", "/"), path: resolve(file) }))
    .filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => matches(name, pattern)));
}

function matches(name: string, pattern: string): boolean {
  return name.includes(pattern) || new RegExp(pattern).test(name);
}

async function runHere(): Promise<void> {
  for (const file of files) {
    startFile(file.name);
    const record = await runFile(file);
    outcomes.push(record);
    endFile(record);
  }
}

async function runSideBySide(): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => {
      currentFile().fail("", `the run was interrupted by ${name}`);
      interrupt.abort(name);
    });
  const options: PoolOptions = {
    workers,
    hangLimitMs: count("hang-limit"),
    signal: interrupt.signal,
    onFile({ outcome, output }) {
      outcomes.push(outcome);
      wholeFile(outcome, output);
    },
    onLateFailure(file, failure) {
      outcomeOf(file).failures.push(failure);
      lateFailure(file, failure);
    },
    onLateOutput: (output) => void process.stdout.write(output),
  };
  await runInWorkers(inOrder(files.filter((file) => !runsAlone(file))), options);
  await runInWorkers(files.filter(runsAlone), { ...options, workers: 1 });
  // Failures of this process itself.
  if (currentFile().failures.length > 0) {
    outcomes.push(currentFile());
    endFile(currentFile());
  }
}

/** Result of a file, or of no file for a failure before the first. */
function outcomeOf(file: string): FileOutcome {
  let outcome = outcomes.find((one) => one.file === file);
  if (!outcome) outcomes.push((outcome = new FileRecord(file)));
  return outcome;
}

function count(option: "workers" | "hang-limit"): number {
  const number = Number(values[option]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} is to be a number from 1 up`);
  return number;
}

function seconds(): number {
  return (Date.now() - started) / 1000;
}
