/**
 * Shares test files among processes, since tests wait far more than they compute.
 *
 * A process that ends during a file is replaced, so that the other files still run. So is a process whose file failed:
 * a test that exceeded its limit still works there, and its later errors would count for the next file.
 */
import type { TestFile } from "./run-file.ts";
import { WorkerProcess, type FinishedFile, type WorkerOptions } from "./worker-process.ts";

export interface PoolOptions extends WorkerOptions {
  readonly workers: number;
  /** Ends the run: aborts running files and leaves out the others. */
  readonly signal: AbortSignal;
  readonly onFile: (finished: FinishedFile) => void;
  /** Called with output after the last file of a process. */
  readonly onLateOutput: (output: Uint8Array) => void;
}

/** Runs the files, started in their order. */
export async function runInWorkers(files: readonly TestFile[], options: PoolOptions): Promise<void> {
  const queue = [...files];
  const lanes = Array.from({ length: Math.min(options.workers, files.length) }, () => runFrom(queue, options));
  await Promise.all(lanes);
}

/** Runs files until none is left, in one process while it lives and all pass. */
async function runFrom(queue: TestFile[], options: PoolOptions): Promise<void> {
  while (queue.length > 0 && !options.signal.aborted) {
    const worker = new WorkerProcess(options);
    const stop = (): void => worker.stop();
    options.signal.addEventListener("abort", stop);
    while (worker.alive && !options.signal.aborted) {
      const file = queue.shift();
      if (!file) break;
      const finished = await worker.run(file);
      options.onFile(finished);
      if (finished.outcome.failures.length > 0) break;
    }
    options.onLateOutput(await worker.close());
    options.signal.removeEventListener("abort", stop);
  }
}
