import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { spreadOf, type Spread } from "../statistics.ts";
import { scratchFolder } from "./scratch.ts";

const flushes = 200;
/** A page of a database. */
const page = Buffer.alloc(4_096, 1);

/** Measures a flush of a page on the disk with the contestants' folders, in ms. */
export function flushTime(): Spread {
  using folder = scratchFolder();
  const file = openSync(join(folder.path, "flushed"), "w");
  try {
    const times = Array.from({ length: flushes }, () => {
      writeSync(file, page);
      const before = performance.now();
      fdatasyncSync(file);
      return performance.now() - before;
    });
    return spreadOf(times);
  } finally {
    closeSync(file);
  }
}
