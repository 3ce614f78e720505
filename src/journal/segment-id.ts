import { randomBytes } from "node:crypto";

/** Later than any time, in ms since the epoch: the year 2286. */
const end = 9_999_999_999_999;
const digits = 9;
const process = randomBytes(6).toString("base64url");
/** Counts down, so that of two segments of one millisecond the later one comes first. */
let left = 36 ** 6 - 1;

/** An id that no process made before. Ids sort by time, the newest first, because stores are read from the smallest id on. */
export function nextSegmentId(time: number): string {
  return `${segmentsFrom(time)}-${process}-${(left--).toString(36)}`;
}

/** Where the segments begin that are as old as `time` or older. */
export function segmentsFrom(time: number): string {
  return (end - Math.min(end, Math.max(0, Math.floor(time)))).toString(36).padStart(digits, "0");
}
