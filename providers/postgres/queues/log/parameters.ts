import type { KeepRule, StartPosition } from "../../../../src/contract/topic-log.ts";

/** Returns the text of a rule; what has no bound is left out. */
export function ruleText({ forMs, maxBytes, compact, evenUnread }: KeepRule): string {
  const bound = (value: number): number | undefined => (value === Infinity ? undefined : value);
  return JSON.stringify({ forMs: bound(forMs), maxBytes: bound(maxBytes), compact, evenUnread });
}

/** A start as functions take it. */
export interface Start {
  readonly from: "now" | "beginning" | "latest-per-key" | "date" | "position";
  readonly at: number | null;
}

export function startOf(from: StartPosition): Start {
  if (from instanceof Date) return { from: "date", at: from.getTime() };
  return typeof from === "number" ? { from: "position", at: Math.trunc(from) } : { from, at: null };
}
