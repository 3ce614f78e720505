import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Counts and delays the flushes of processes that are started with its environment. */
export interface Flushes {
  readonly environment: Readonly<Record<string, string>>;
  readonly count: () => number;
}

export class Preload {
  readonly #library: string;
  readonly #folder: string;
  #counters = 0;

  private constructor(library: string, folder: string) {
    this.#library = library;
    this.#folder = folder;
  }

  /** Compiles `flushes.c`. Returns the reason when that fails. */
  static compile(folder: string): Preload | string {
    if (process.platform !== "linux") return "flushes are counted and delayed on Linux only";
    const library = join(folder, "flushes.so");
    try {
      const source = join(import.meta.dirname, "flushes.c");
      execFileSync("gcc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], { stdio: "pipe" });
      return new Preload(library, folder);
    } catch {
      return "flushes are counted and delayed only where there is gcc; install it with: apt-get install gcc libc6-dev";
    }
  }

  /** Returns a new counter, one for each contestant. */
  flushes(delayMs: number): Flushes {
    const file = join(this.#folder, `flushes-${this.#counters++}`);
    writeFileSync(file, Buffer.alloc(8));
    return {
      environment: {
        LD_PRELOAD: this.#library,
        BENCH_FLUSH_DELAY_US: String(delayMs * 1_000),
        BENCH_FLUSH_COUNT: file,
      },
      count: () => Number(readFileSync(file).readBigUInt64LE()),
    };
  }
}
