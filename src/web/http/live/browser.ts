import type { Change } from "./change.ts";

/** The decisions of the application. */
export interface Rules {
  readonly may: (user: never, change: never) => boolean | PromiseLike<boolean>;
  readonly mask?: ((user: never, change: never) => unknown) | undefined;
}

/** The limits of one browser, see `LiveLimits`. */
export interface Limits {
  readonly maxBuffered: number;
  readonly maxSubscriptions: number;
  readonly maxMessage: number;
  readonly maxBehind: number;
}

/** The browser of a subscription. */
export interface Browser {
  readonly limits: Limits;
  may(change: Change): boolean | PromiseLike<boolean>;
  /** Returns the body that its user sees. */
  masked(change: Change): unknown;
  send(message: string, position: string | undefined): void;
  /** Resolves when half of what may be buffered is free, or the connection is over. */
  drained(): Promise<void>;
  warn(error: unknown, message: string): void;
  /** Closes the connection after an error of the application or the provider. The browser comes back, and goes on. */
  fail(error: unknown): void;
  /** Closes the connection of a browser that is slower than the changes. */
  tooSlow(): void;
}
