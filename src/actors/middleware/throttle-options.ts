import type { Duration } from "../../base/duration.ts";

export interface ThrottleOptions {
  /** Runs that may start within `per`; at least 1. */
  readonly limit: number;
  /** @default 1_000 */
  readonly per?: Duration | undefined;
}
