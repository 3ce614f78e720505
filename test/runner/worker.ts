/**
 * A process that runs test files for its parent, one after the other, and sends the result of each. Its
 * output is collected by the parent. See worker-pool.ts.
 */
import { currentFile, type FileOutcome } from "./ledger.ts";
import { explain } from "./report.ts";
import { runFile, type TestFile } from "./run-file.ts";

/** Message to a worker: the next file, or the end. */
export type Task = { readonly run: TestFile } | { readonly end: true };

/** Message from a worker: the result of a file, final or so far. */
export interface Progress {
  readonly outcome: FileOutcome;
  readonly ended: boolean;
}

const SIGN_OF_LIFE_MS = 1_000;

// Show uvu and the tests the same terminal as in the parent.
if (process.argv.includes("--terminal")) process.stdout.isTTY = true;

tell(currentFile());
setInterval(() => tell(currentFile()), SIGN_OF_LIFE_MS).unref();
// Send the result so far, in case something ends the process.
process.on("exit", () => tell(currentFile()));
// Exit without the parent, since nothing would receive results. Child processes of tests end with this one.
process.on("disconnect", () => process.exit(1));
process.on("message", (task: Task) => {
  if ("end" in task) process.exit(0);
  void runFile(task.run, tell).finally(() => tell(currentFile(), true));
});

function tell({ file, passed, skipped, slow, failures }: FileOutcome, ended = false): void {
  // Send the text, since an error would arrive without its class and details.
  const told = failures.map(({ where, error }) => ({ where, error: explain(error) }));
  const progress: Progress = { outcome: { file, passed, skipped, slow, failures: told }, ended };
  // The parent may be gone, which "disconnect" reports.
  if (process.connected) process.send?.(progress, undefined, undefined, () => {});
}
