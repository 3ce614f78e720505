/**
 * Why a subscription is paused: its actor or a middleware threw `PauseSubscription`, a circuit breaker is open, a
 * supervision rule or the failure limit says so.
 */
export type PausedBy = "actor" | "circuit-breaker" | "supervision" | "failure-limit";

/** How long a subscription is to be paused, and why. */
export interface PauseDecision {
  readonly action: "pause";
  readonly pauseMs: number;
  readonly by: PausedBy;
}

/** A pause of one subscription in this process. */
export interface Pause {
  readonly by: PausedBy;
  /** In ms since the epoch. Past while one event at a time is tried, until one is committed. */
  readonly until: number;
  /** The failure that led to it. */
  readonly error: unknown;
}
