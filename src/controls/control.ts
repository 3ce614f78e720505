import type { Hold } from "../actors/pause.ts";
import type { Identified } from "../contract/stores.ts";

/** The state that operators set for one subscription, pulser or source, stored for all processes. */
export interface Control extends Identified {
  /** See {@link controlId}. */
  readonly id: string;
  readonly hold?: Hold | undefined;
  readonly settings?: StoredSettings | undefined;
}

/** Settings of a subscription that replace those of its code. */
export interface StoredSettings {
  readonly parallelism?: number | undefined;
  readonly throttle?: StoredThrottle | undefined;
  /** The operator. */
  readonly by: string;
  /** In ms since the epoch. */
  readonly since: number;
}

/** The runs that may start within `perMs`, in each process. */
interface StoredThrottle {
  readonly limit: number;
  readonly perMs: number;
}

/** A kind of thing that operators control. */
export type ControlledKind = "queue" | "pulser" | "source";

/** The id of the pause of all subscriptions. */
export const everything = "all";

/** Returns the id of the control of a subscription, pulser or source. */
export function controlId(kind: ControlledKind, name: string): string {
  return `${kind}/${name}`;
}

/** Returns whether a hold has not ended. */
export function holds(hold: Hold | undefined, now: number): hold is Hold {
  return hold !== undefined && (hold.until === undefined || hold.until > now);
}
