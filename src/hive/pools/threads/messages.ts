import type { Replayed } from "../../../contract/topic-log.ts";
import type { EventRecord } from "../../../events/event-record.ts";
import type { CrossedError } from "./crossed-error.ts";

/*
 * The messages between a hive and a thread. A thread works on one event at a time. Its calls of stores go back to the
 * step of the event, so that a step in a thread is as atomic as any other.
 */

/** A store of the step, as it is asked for. */
export interface StorePath {
  readonly kind: "collection" | "keyedList" | "keyValue" | "counters";
  readonly name: string;
}

/** An output. One without an id gets the id that the hive derives. */
export interface CrossedOutput {
  readonly record: EventRecord;
  readonly hasId: boolean;
  readonly cancelKey: string | undefined;
}

/** The data of a new thread: the module of its actor, and what it reads. */
export interface ThreadData {
  readonly module: string;
  /** The subscription or queue of the actor. */
  readonly forActor: string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export type ToThread =
  | {
      readonly kind: "run";
      readonly event: EventRecord;
      readonly attempt: number;
      readonly atomic: boolean;
      readonly replayed: Replayed | undefined;
    }
  | { readonly kind: "abort"; readonly reason: CrossedError }
  | { readonly kind: "reply"; readonly call: number; readonly value?: unknown; readonly error?: CrossedError };

export type FromThread =
  /** The actor is loaded. */
  | { readonly kind: "ready" }
  | {
      readonly kind: "call";
      readonly call: number;
      readonly path: StorePath;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  /** Asks for the next item of an iteration that an earlier call began. */
  | { readonly kind: "next"; readonly call: number; readonly iteration: number }
  | { readonly kind: "end"; readonly iteration: number }
  | { readonly kind: "log"; readonly level: LogLevel; readonly fields: object; readonly message: string }
  | { readonly kind: "cancel"; readonly key: string }
  | { readonly kind: "done"; readonly outputs: readonly CrossedOutput[] }
  | { readonly kind: "failed"; readonly error: CrossedError };
