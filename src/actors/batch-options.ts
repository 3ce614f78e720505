import type { Duration } from "../base/duration.ts";

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
