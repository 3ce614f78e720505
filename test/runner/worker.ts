/**
 * A process that runs the test files that its parent hands it, one after the other, and tells what becomes of each. What
 * it prints, it prints: the parent collects that. See worker-pool.ts.
 */
import { currentFile, type FileOutcome } from "./ledger.ts";
import { explain } from "./report.ts";
import { runFile, type TestFile } from "./run-file.ts";

/** What a worker is told: what to run next, or that nothing is left. */
export type Task = { readonly run: TestFile } | { readonly end: true };

/** What it tells: what became of a file so far, or in the end. */
export interface Progress {
  readonly outcome: FileOutcome;
  readonly ended: boolean;
}

const SIGN_OF_LIFE_MS = 1_000;

// uvu and what is tested shall find the terminal that they would find in the parent.
if (process.argv.includes("--terminal")) process.stdout.isTTY = true;

tell(currentFile());
setInterval(() => tell(currentFile()), SIGN_OF_LIFE_MS).unref();
// Whatever ends the process, the parent shall know how far the tests were.
process.on("exit", () => tell(currentFile()));
// Without its parent nobody would hear of the tests any more. What they started ends when this process exits.
process.on("disconnect", () => process.exit(1));
process.on("message", (task: Task) => {
  if ("end" in task) process.exit(0);
  void runFile(task.run, tell).finally(() => tell(currentFile(), true));
});

function tell({ file, passed, skipped, slow, failures }: FileOutcome, ended = false): void {
  // An error would arrive without its class and its details, so its text is sent.
  const told = failures.map(({ where, error }) => ({ where, error: explain(error) }));
  const progress: Progress = { outcome: { file, passed, skipped, slow, failures: told }, ended };
  // The parent may be gone, which "disconnect" tells.
  if (process.connected) process.send?.(progress, undefined, undefined, () => {});
}
