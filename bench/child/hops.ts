import type { Body } from "./body.ts";

/*
 * The work that everybody does: topic A -> handler -> topic B -> handler -> topic C -> handler. A contestant is a file
 * that calls `serve(open)`; what it measures with is the same for all of them.
 */

/** A handler tells that it was called, with what it received. */
export type Handled = (hop: 0 | 1 | 2, body: Body) => void;

/** How a contestant is set up; what does not concern it, it ignores. */
export interface Settings {
  /** How many events each hop handles at the same time: parallelism, prefetch, workers, or what comes closest. */
  readonly concurrency: number;
  /** For BeeHive: where the hive runs; `{folder}` and `{port}` stand for those, `{fresh}` for a text of its own. */
  readonly provider?: string;
  /** For BeeHive: simple queues in the place of topics with a subscription each. */
  readonly queues?: boolean;
  /** For BeeHive: bodies handed on as they are. */
  readonly byReference?: boolean;
  /** An empty folder of its own. */
  readonly folder?: string;
  /** The port of its server on the loopback. */
  readonly port?: number;
  /** Nothing is handled before `start`. */
  readonly held?: boolean;
  /** So many processes at work on the same queues, this one among them; 1 unless said. */
  readonly processes?: number;
  /** So many chains of three hops beside each other, each with topics of its own; 1 unless said. */
  readonly chains?: number;
}

/** A contestant at work. */
export interface Hops {
  /** Publishes one source event. A promise that it returns resolves when the event is as safe as the contestant makes it. */
  push(body: Body): unknown;
  /** The same for many at once, where the contestant has a way to. */
  pushAll?(bodies: readonly Body[]): Promise<unknown>;
  /** For those that can be held. */
  start?(): Promise<void>;
  close(): Promise<void>;
}

export type Open = (settings: Settings, handled: Handled) => Promise<Hops>;
