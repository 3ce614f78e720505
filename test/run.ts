/**
 * Runs the test files, one after the other, in this process: `npm test`, or `npm test -- PATTERN` for the files
 * whose path matches. It builds on uvu's queue and holds it to what uvu lets pass: a hook that throws, a suite
 * that was never run, no tests at all, `.only`, a test that hangs, a rejection that nobody handled, a server that
 * nobody closed. Each of these fails here.
 */
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "uvu/parse";
import { withDeadline } from "./support/deadline.ts";
import { currentFile, openFile, type FileRecord } from "./support/ledger.ts";
import { leakedSince, openHandles } from "./support/open-handles.ts";
import { endFile, startFile, summary } from "./support/report.ts";

/** uvu's queue: for each file its name, then one function for each suite that was run. */
declare global {
  var UVU_DEFER: unknown;
  var UVU_INDEX: number;
  var UVU_QUEUE: [name: string | null, ...suites: (() => Promise<unknown>)[]][];
}

const LOAD_LIMIT_MS = 30_000;

const { values, positionals: patterns } = parseArgs({
  options: { root: { type: "string", default: "test" } },
  allowPositionals: true,
});
const allowOnly = ["", "0", "false"].includes(process.env.CI ?? "");
const started = Date.now();
const records: FileRecord[] = [];
let finished = false;

// What nobody awaited belongs to the file that is running.
process.on("unhandledRejection", (reason) => currentFile().fail("unhandled rejection", reason));
process.on("uncaughtException", (error) => currentFile().fail("uncaught exception", error));
process.on("exit", () => {
  if (finished) return;
  process.exitCode = 1;
  const record = currentFile();
  record.fail("", "the process ended before its tests did");
  if (!records.includes(record)) records.push(record);
  endFile(record);
  summary(records, seconds());
});

// uvu must find both when the first test file loads it: without them it would start the suites by itself.
globalThis.UVU_DEFER = true;
globalThis.UVU_QUEUE = [];

for (const { name, file } of await testFiles()) await runFile(name, file);

if (records.length === 0) {
  records.push(openFile(values.root));
  currentFile().fail("", `no test file matches ${patterns.join(" ") || "*.test.ts"}`);
  endFile(currentFile());
}
summary(records, seconds());
finished = true;
// A leaked handle must not keep the process; what was printed must have left it.
const failed = records.some((record) => record.failures.length > 0);
process.stdout.write("", () => process.exit(failed ? 1 : 0));

async function testFiles(): Promise<{ name: string; file: string }[]> {
  const { suites } = await parse(values.root, /\.test\.ts$/, { ignore: [/^fixtures[\\/]/] });
  return suites
    .map(({ file }) => ({ name: relative(".", resolve(file)).replaceAll("\\", "/"), file }))
    .filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => matches(name, pattern)));
}

function matches(name: string, pattern: string): boolean {
  return name.includes(pattern) || new RegExp(pattern).test(name);
}

async function runFile(name: string, file: string): Promise<void> {
  const record = openFile(name);
  records.push(record);
  startFile(record);
  const handles = openHandles();
  const queue: (typeof UVU_QUEUE)[number] = [name];
  globalThis.UVU_INDEX = UVU_QUEUE.push(queue) - 1;

  try {
    await withDeadline("loading the file", LOAD_LIMIT_MS, () => import(pathToFileURL(file).href));
    for (const run of queue.slice(1) as (() => Promise<unknown>)[]) await run();
  } catch (error) {
    record.fail("", error);
  }

  const leaked = await leakedSince(handles);
  if (leaked.length > 0) record.fail("", `the file left handles open: ${leaked.join(", ")}`);
  // Node reports a rejection only after the microtasks: give it the turn to do so while the file is still named.
  await new Promise(setImmediate);
  record.close({ allowOnly });
  endFile(record);
}

function seconds(): number {
  return (Date.now() - started) / 1000;
}
