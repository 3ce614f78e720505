import type { Body } from "./body.ts";

/*
 * The work of every contestant: topic A -> handler -> topic B -> handler -> topic C -> handler. A contestant is a file
 * that calls `serve(open)`; the measuring code is the same for all.
 */

/** Called by each handler with the body that it received. */
export type Handled = (hop: 0 | 1 | 2, body: Body) => void;

/** Set-up of a contestant, which ignores options of others. */
export interface Settings {
  /** Events in work at each hop: parallelism, prefetch, workers, or the closest equivalent. */
  readonly concurrency: number;
  /** For BeeHive: URL of the provider, with `{folder}`, `{port}` and `{fresh}` to be replaced. */
  readonly provider?: string;
  /** For BeeHive: use simple queues in place of topics with one subscription. */
  readonly queues?: boolean;
  /** For BeeHive: pass bodies by reference. */
  readonly byReference?: boolean;
  /** Empty folder of the contestant. */
  readonly folder?: string;
  /** Loopback port of its server. */
  readonly port?: number;
  /** Handle nothing before `start`. @default false */
  readonly held?: boolean;
  /** Processes at work on the same queues, this one among them. @default 1 */
  readonly processes?: number;
  /** Parallel chains of three hops, each with topics of its own. @default 1 */
  readonly chains?: number;
}

/** A contestant at work. */
export interface Hops {
  /** Publishes a source event. A returned promise resolves when the event is as safe as the contestant makes it. */
  push(body: Body): unknown;
  /** Publishes many at once, where the contestant can. */
  pushAll?(bodies: readonly Body[]): Promise<unknown>;
  /** Starts a contestant that was held. */
  start?(): Promise<void>;
  close(): Promise<void>;
}

export type Open = (settings: Settings, handled: Handled) => Promise<Hops>;
