/** In which order test files run, and which must have the machine for themselves. */
import type { TestFile } from "./run-file.ts";

/** Where the files are that wait most of their time, and those that compute: in each list the longest first. */
const WAITING = ["/aws/prismo", "/azure/prismo", "/conformance/", "/azure/", "/aws/"];
const COMPUTING = ["/support/", "/cli/", "/samples/", "/sqlite/", "/docs/"];
/** What is measured there depends on how events meet in time. */
const MEASURING = "/bench/";

/** Long files first, since whoever ends last with one is waited for; one that computes beside one that waits. */
export function inOrder(files: readonly TestFile[]): TestFile[] {
  const [waiting, computing] = [among(files, WAITING), among(files, COMPUTING)];
  const pairs = Array.from({ length: Math.max(waiting.length, computing.length) }, (_, n) => [
    ...waiting.slice(n, n + 1),
    ...computing.slice(n, n + 1),
  ]);
  return [...new Set([...pairs.flat(), ...files])];
}

function among(files: readonly TestFile[], folders: readonly string[]): TestFile[] {
  return folders.flatMap((folder) => files.filter(({ name }) => name.includes(folder)));
}

export function runsAlone({ name }: TestFile): boolean {
  return name.includes(MEASURING);
}
