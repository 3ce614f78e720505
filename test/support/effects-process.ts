/** Starts a worker, `effects-worker.ts`, `log-worker.ts` or `rate-worker.ts`, and follows it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LogWorkerOptions } from "./log-worker.ts";
import type { RateWorkerOptions } from "./rate-worker.ts";
import type { WorkerOptions } from "./effects-worker.ts";

const root = join(import.meta.dirname, "../..");

export class Worker {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #errors = "";
  #look: () => void = () => {};

  constructor(options: WorkerOptions);
  constructor(options: LogWorkerOptions, program: "log-worker.ts");
  constructor(options: RateWorkerOptions, program: "rate-worker.ts");
  constructor(options: object, program = "effects-worker.ts") {
    const path = join(import.meta.dirname, program);
    const args = ["--import", "tsx", "-C", "beehive-source", path, JSON.stringify(options)];
    this.#child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    this.#closed = once(this.#child, "close").then(() => this.#look());
    this.#child.stderr?.on("data", (data: Buffer) => (this.#errors += data.toString()));
    if (this.#child.stdout)
      createInterface(this.#child.stdout).on("line", (line) => {
        this.lines.push(line);
        this.#look();
      });
  }

  /** Number of jobs that it reported as handled. */
  get handled(): number {
    return this.lines.filter((line) => line.startsWith("handled ")).length;
  }

  /** Resolves after a matching line of output; rejects when the process ends before. */
  async said(start: string): Promise<void> {
    while (!this.lines.some((line) => line.startsWith(start))) {
      if (this.#over) throw new Error(`the worker ended before it said "${start}": ${this.#errors}`);
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
  }

  /** Kills it by SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** Resolves when it ended with 0. */
  async done(): Promise<void> {
    await this.#closed;
    if (this.#child.exitCode !== 0) throw new Error(`the worker ended with ${this.#child.exitCode}: ${this.#errors}`);
  }

  get #over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
