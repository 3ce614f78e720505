/** How the work on one delivery ended. */
export type Outcome = "committed" | "retried" | "dead-lettered" | "abandoned" | "lease-lost";
