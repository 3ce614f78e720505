/** How a delivery ended. A `retried` event counts an attempt, an `abandoned` one does not; an `expired` one is dropped. */
export type Outcome = "committed" | "retried" | "dead-lettered" | "abandoned" | "lease-lost" | "expired";
