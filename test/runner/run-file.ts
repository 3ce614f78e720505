/**
 * Runs a test file in this process on uvu's queue, and fails on faults that uvu lets pass.
 *
 * Loaded before uvu: without its queue uvu would start the suites by itself.
 */
import { pathToFileURL } from "node:url";
import { withDeadline } from "./deadline.ts";
import { currentFile, openFile, type FileRecord } from "./ledger.ts";
import { leakedSince, openHandles } from "./open-handles.ts";
import { ci, patience } from "./patience.ts";

/** uvu's queue: for each file its name, then a function for each suite. */
declare global {
  var UVU_DEFER: unknown;
  var UVU_INDEX: number;
  var UVU_QUEUE: [name: string | null, ...suites: (() => Promise<unknown>)[]][];
}

/** The path to print, relative to the working folder, and the URL to load. */
export interface TestFile {
  readonly name: string;
  readonly path: string;
}

const LOAD_LIMIT_MS = 30_000 * patience;

globalThis.UVU_DEFER = true;
globalThis.UVU_QUEUE = [];

// An unhandled rejection belongs to the running file.
process.on("unhandledRejection", (reason) => currentFile().fail("unhandled rejection", reason));
process.on("uncaughtException", (error) => currentFile().fail("uncaught exception", error));

export async function runFile({ name, path }: TestFile, onFailure?: (record: FileRecord) => void): Promise<FileRecord> {
  const record = openFile(name, onFailure);
  const handles = openHandles();
  const queue: (typeof UVU_QUEUE)[number] = [name];
  globalThis.UVU_INDEX = UVU_QUEUE.push(queue) - 1;

  try {
    await withDeadline("loading the file", LOAD_LIMIT_MS, () => import(pathToFileURL(path).href));
    for (const run of queue.slice(1) as (() => Promise<unknown>)[]) await run();
  } catch (error) {
    record.fail("", error);
  }

  const leaked = await leakedSince(handles);
  if (leaked.length > 0) record.fail("", `the file left handles open: ${counted(leaked)}`);
  // Node reports a rejection only after the microtasks, so wait a turn while the file is still the running one.
  await new Promise(setImmediate);
  record.close({ ci });
  return record;
}

/** Returns the names, each once with its number. */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${count} ${name}` : name)).join(", ");
}
