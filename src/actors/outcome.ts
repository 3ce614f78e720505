/** How the work on one delivery ended. */
export type Outcome = "committed" | "retried" | "dead-lettered" | "given-back" | "lease-lost";
