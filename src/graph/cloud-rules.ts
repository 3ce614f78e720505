import type { QueueSpec } from "../contract/queue-operator.ts";

/** What can be known of a cloud without asking it. */
export interface CloudRules {
  /** `azure`, or the URL with its options. */
  readonly cloud: string;
  /** What it refuses of these, in words. */
  problems(specs: readonly QueueSpec[]): readonly string[];
  /** How long its queues keep an event that was not settled, in ms; nothing when for ever. */
  readonly retentionMs?: number | undefined;
}
