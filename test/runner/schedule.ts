/** The order of test files, and those that need the machine for themselves. */
import type { TestFile } from "./run-file.ts";

/** Folders of files that mostly wait, and of files that compute; the longest first in each list. */
const WAITING = ["/aws/prismo", "/azure/prismo", "/conformance/", "/azure/", "/aws/"];
const COMPUTING = ["/support/", "/cli/", "/samples/", "/sqlite/", "/docs/"];
/** Files whose measurements depend on timing. */
const MEASURING = "/bench/";

/** Sorts long files first, which shortens the run, and puts a computing file beside a waiting one. */
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
