import { isStart } from "../actors/descriptor.ts";
import { objectProblems } from "../base/problems.ts";
import type { ReplayedOutputs, StartPosition } from "../contract/topic-log.ts";
import type { ByOperator } from "../controls/controls.ts";
import type { StoreToClear } from "./cleared-stores.ts";

/** Where a subscription goes, and what becomes of the outputs of events that it handles again. */
export interface RewindOptions extends Partial<ByOperator> {
  readonly to: StartPosition;
  readonly outputs: ReplayedOutputs;
  /**
   * Stores that are emptied in the same act: their tokens, and counters by name.
   *
   * @default None.
   * @example
   * { to: "beginning", outputs: "drop", clear: [Totals, { counter: "Sold" }] }
   */
  readonly clear?: readonly StoreToClear[] | undefined;
}

/** Returns what is wrong with the options of a rewind, in words. */
export function rewindProblems(options: unknown): string[] {
  const problems = objectProblems("rewind", options);
  if (problems.length > 0) return problems;
  const { to, outputs, clear = [] } = options as Partial<RewindOptions>;
  return [
    ...(to !== undefined && isStart(to) ? [] : ["to must be now, beginning, latest-per-key, a date or a position"]),
    ...(outputs === "drop" || outputs === "publish"
      ? []
      : ['outputs must be "drop" or "publish"; there is no default']),
    ...(Array.isArray(clear) ? [] : ["clear must be a list of stores"]),
  ];
}

/** Returns a rewind in words, for the record of acts. */
export function rewoundText(to: StartPosition, outputs: ReplayedOutputs): string {
  return `to ${to instanceof Date ? to.toISOString() : to}, outputs: ${outputs}`;
}
