/**
 * The cause of a pause. Its actor or a middleware threw `PauseSubscription`, a circuit breaker is open, a supervision
 * rule matched, or the failure limit was reached.
 */
export type PausedBy = "actor" | "circuit-breaker" | "supervision" | "failure-limit";

/** A pause of a subscription, pulser or source that an operator set: nothing new starts until its end. */
export interface Hold {
  /** The operator. */
  readonly by: string;
  readonly reason: string;
  /** The start, in ms since the epoch. */
  readonly since: number;
  /** The end, in ms since the epoch; `undefined` until an operator resumes. */
  readonly until?: number | undefined;
}

/** A full queue downstream, for which a subscription leases nothing. Ends when the queue has room again. */
export interface Pressure {
  readonly queue: string;
  /** The number of ready events when the pressure began. */
  readonly ready: number;
  readonly above: number;
  /** The start, in ms since the epoch. */
  readonly since: number;
}

/** The `by` of a pause by a {@link Pressure}. */
export const backPressure = "back-pressure";

/** Returns a pressure in words. */
export function pressureText({ queue, ready, above }: Pressure): string {
  return `${queue} has ${ready} events ready, and its limit is ${above}`;
}

/** Pauses a subscription. */
export interface PauseDecision {
  readonly action: "pause";
  readonly pauseMs: number;
  readonly by: PausedBy;
}

/** A pause of one subscription in this process. */
export interface Pause {
  readonly by: PausedBy;
  /** The start, in ms since the epoch. */
  readonly since: number;
  /** The end, in ms since the epoch. Lies in the past while events are tried one at a time, until one is committed. */
  readonly until: number;
  /** The failure that caused the pause. */
  readonly error: unknown;
}
