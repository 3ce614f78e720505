/** A worker, seen by its parent: runs a file and returns its result, even if the process dies or hangs. */
import { fork, type ChildProcess } from "node:child_process";
import type { Failure, FileOutcome } from "./ledger.ts";
import { OutputFile } from "./output-file.ts";
import { patience } from "./patience.ts";
import type { TestFile } from "./run-file.ts";
import type { Progress, Task } from "./worker.ts";

const program = new URL("./worker.ts", import.meta.url);
/** Maximum time until a process has started; a busy machine is slow. */
const START_LIMIT_MS = 60_000 * patience;
const END_LIMIT_MS = 10_000;

export interface WorkerOptions {
  /** Maximum silence of a process. */
  readonly hangLimitMs: number;
  /** Called for failures of a file after its end. */
  readonly onLateFailure: (file: string, failure: Failure) => void;
}

export interface FinishedFile {
  readonly outcome: FileOutcome;
  /** All output while it ran. */
  readonly output: Uint8Array;
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #output = new OutputFile();
  readonly #gone: Promise<void>;
  readonly #options: WorkerOptions;
  #alive = true;
  /** True after it was asked to end. */
  #stopped = false;
  /** Result so far of the running file. */
  #current: FileOutcome | undefined;
  /** The last file. */
  #last: FileOutcome = nothingYet("(no file)");
  #finish: (outcome: FileOutcome) => void = () => {};
  #watchdog: NodeJS.Timeout | undefined;
  /** The reason of a kill. */
  #verdict: string | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { descriptor } = this.#output;
    const args = process.stdout.isTTY ? ["--terminal"] : [];
    this.#child = fork(program, args, { stdio: ["ignore", descriptor, descriptor, "ipc"] });
    this.#child.on("message", (progress: Progress) => this.#hear(progress));
    this.#gone = this.#die();
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Runs a file. The end of the process counts as a failure of the file. */
  async run(file: TestFile): Promise<FinishedFile> {
    this.#current = nothingYet(file.name);
    const finished = new Promise<FileOutcome>((resolve) => (this.#finish = resolve));
    this.#killWhenSilentFor(START_LIMIT_MS);
    this.#tell({ run: file });
    return { outcome: await finished, output: this.#output.take() };
  }

  /** Ends the process soon, whatever it does. */
  stop(): void {
    if (this.#stopped || !this.#alive) return;
    this.#stopped = true;
    const limit = Math.min(END_LIMIT_MS, this.#options.hangLimitMs);
    this.#killAfter(limit, `the process did not end within ${limit} ms and was killed`);
    this.#tell({ end: true });
  }

  /** Waits for its end; returns the output since the last file. */
  async close(): Promise<Uint8Array> {
    this.stop();
    await this.#gone;
    const output = this.#output.take();
    this.#output.close();
    return output;
  }

  #tell(task: Task): void {
    // Ignore a process that is gone; its exit is handled elsewhere.
    this.#child.send(task, () => {});
  }

  #hear({ outcome, ended }: Progress): void {
    if (this.#current && !this.#stopped) this.#killWhenSilentFor(this.#options.hangLimitMs);
    if (outcome.file === this.#current?.file) {
      this.#current = outcome;
      if (ended) this.#endFile(outcome);
    } else if (outcome.file === this.#last.file) {
      for (const failure of outcome.failures.slice(this.#last.failures.length))
        this.#options.onLateFailure(outcome.file, failure);
      this.#last = outcome;
    }
  }

  #endFile(outcome: FileOutcome): void {
    if (!this.#stopped) clearTimeout(this.#watchdog);
    this.#current = undefined;
    this.#last = outcome;
    this.#finish(outcome);
  }

  async #die(): Promise<void> {
    const how = await endOf(this.#child);
    this.#alive = false;
    clearTimeout(this.#watchdog);
    const failure = { where: "", error: this.#verdict ?? `the process ended before its tests did, ${how}` };
    if (this.#current) this.#endFile({ ...this.#current, failures: [...this.#current.failures, failure] });
    else if (!this.#stopped || this.#verdict !== undefined) this.#options.onLateFailure(this.#last.file, failure);
  }

  #killWhenSilentFor(ms: number): void {
    this.#killAfter(ms, `the process gave no sign of life for ${ms} ms and was killed`);
  }

  #killAfter(ms: number, verdict: string): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#verdict = verdict;
      this.#child.kill("SIGKILL");
    }, ms);
  }
}

function nothingYet(file: string): FileOutcome {
  return { file, passed: 0, skipped: 0, failures: [], slow: [] };
}

/** Resolves with the end of the process, after all of its messages. */
async function endOf(child: ChildProcess): Promise<string> {
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ? `by ${signal}` : `with exit code ${code}`));
  });
  const disconnected = new Promise<void>((resolve) => void child.once("disconnect", resolve));
  const failed = new Promise<string>((resolve) => void child.once("error", ({ message }) => resolve(message)));
  return Promise.race([failed, Promise.all([exited, disconnected]).then(([how]) => how)]);
}
