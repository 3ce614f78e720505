import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { delay, numberProblems, valueText, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";

/**
 * The size of batches, and how long the first event of one waits for company.
 *
 * @example
 * @actorDescription("MemberChanged-Index", { batch: { size: 1_000, interval: "30s" } })
 */
export interface BatchOptions {
  /** The most events of a batch. @default 100 */
  readonly size?: number | undefined;
  /** How long a batch waits for more events, from its first event on. @default "1s" */
  readonly interval?: Duration | undefined;
  /**
   * The result of a throw: all events of the batch fail, or its halves run by themselves until the bad events are alone.
   *
   * Errors that cost no attempt, such as a pause, split nothing. @default "fail"
   */
  readonly onThrow?: "fail" | "split" | undefined;
}

/** The options of batches with their defaults, times in ms. */
export interface BatchSettings {
  readonly size: number;
  readonly interval: number;
  readonly onThrow: "fail" | "split";
}

const batchDefaults: BatchSettings = { size: 100, interval: 1_000, onThrow: "fail" };
/** All events of a batch are in memory, and their leases are renewed together. */
const maxSize = 10_000;

/** Returns the settings of batches, of which some may be invalid. */
export function batchSettings({ size, interval, onThrow }: BatchOptions = {}): BatchSettings {
  return {
    size: size ?? batchDefaults.size,
    interval: inMs(interval ?? batchDefaults.interval),
    onThrow: onThrow ?? batchDefaults.onThrow,
  };
}

/** Returns the problems of the shape of batch options, in words. */
export function batchShapeProblems(batch: BatchOptions | undefined): string[] {
  if (batch === undefined) return [];
  const problems = objectProblems("batch", batch);
  if (problems.length > 0) return problems;
  return Object.keys(batch)
    .filter((name) => !Object.hasOwn(batchDefaults, name))
    .map((name) => `batch.${name} is not an option; there are ${Object.keys(batchDefaults).join(", ")}`);
}

/** Returns the problems of the settings of batches, in words. */
export function batchProblems(batch: BatchSettings | undefined): string[] {
  if (!batch) return [];
  const { size, interval, onThrow } = batch;
  return [
    ...numberProblems("batch.size", size, wholeNumber(1, maxSize)),
    ...durationProblems("batch.interval", interval, delay),
    ...(["fail", "split"].includes(onThrow)
      ? []
      : [`batch.onThrow must be "fail" or "split", not ${valueText(onThrow)}`]),
  ];
}
