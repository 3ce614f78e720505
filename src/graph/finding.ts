import type { ProviderRules } from "../contract/provider-module.ts";

/** What lint looks for; docs/graph.md says of each what is wrong with it. */
export const ruleNames = [
  "orphan-topic",
  "unfed-subscription",
  "endless-cycle",
  "never-retried",
  "retry-without-wait",
  "retry-outlives-queue",
  "refused-by-cloud",
  "cannot-be-made",
  "made-for-each-event",
  "event-without-schema",
  "event-declared-twice",
  "unused-event",
  "undeclared-event",
  "never-seen",
] as const;

export type RuleName = (typeof ruleNames)[number];

/** Something that is wrong with a web of actors, or may be. */
export interface Finding {
  readonly rule: RuleName;
  /** An error loses events or stops a hive from starting; a warning may be meant so. */
  readonly severity: "error" | "warning";
  /** The actor, queue, event or cloud. */
  readonly where: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** A cloud that an application is to run on, with its limits. */
export interface CloudRules extends ProviderRules {
  /** `azure`, or the URL with its options. */
  readonly cloud: string;
}
