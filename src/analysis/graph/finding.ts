import type { ProviderRules } from "../../contract/provider-module.ts";

/** The rules of lint; docs/graph.md explains each. */
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
  "replaced-topic",
  "undeclared-event",
  "never-seen",
  "unread-subscription",
] as const;

export type RuleName = (typeof ruleNames)[number];

/** A problem between actors, or a probable one. */
export interface Finding {
  readonly rule: RuleName;
  /** An error loses events or stops a hive from starting; a warning may be intended. */
  readonly severity: "error" | "warning";
  /** The actor, queue, event or cloud. */
  readonly where: string;
  /** The problem, and what to do. */
  readonly message: string;
}

/** A cloud that an application is to run on, with its limits. */
export interface CloudRules extends ProviderRules {
  /** `azure`, or the URL with its options. */
  readonly cloud: string;
}
