/**
 * Collects the output of a process in a file instead of a pipe: output is complete at once, in its
 * order, also that of a dying process and of its children.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class OutputFile {
  /** Descriptor for both the standard output and the standard error of the process. */
  readonly descriptor: number;
  #taken = 0;

  constructor() {
    const path = join(tmpdir(), `beehive-test-output-${randomUUID()}`);
    this.descriptor = openSync(path, "ax+");
    // The open file lives on without a name, so nothing remains however the run ends.
    rmSync(path);
  }

  /** Returns the output since the last call. */
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
