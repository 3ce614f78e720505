/**
 * Collects what a process writes, in a file rather than a pipe: all of it is there as soon as it is written, in its
 * order, also what a dying process wrote and what its own children did.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class OutputFile {
  /** To be both the standard output and the standard error of the process. */
  readonly descriptor: number;
  #taken = 0;

  constructor() {
    const path = join(tmpdir(), `beehive-test-output-${randomUUID()}`);
    this.descriptor = openSync(path, "ax+");
    // It lives on until it is closed; however the run ends, nothing is left.
    rmSync(path);
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const written = new Uint8Array(fstatSync(this.descriptor).size - this.#taken);
    const length = readSync(this.descriptor, written, 0, written.length, this.#taken);
    this.#taken += length;
    return written.subarray(0, length);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
