import type { Outcome } from "../../actors/outcome.ts";

/**
 * Where an event is at one subscription.
 *
 * - `done`: an actor has committed it.
 * - `waiting`: nobody has worked on it to the end yet; it is ready, or will be tried again.
 * - `delayed`: as `waiting`, and it is not due yet.
 * - `working`: an actor has it now.
 * - `dead-lettered`: it was given up and is among the dead letters; not looked up unless the trace is live.
 * - `requeued-or-dropped`: it was given up and is no longer among the dead letters.
 * - `unread`: nobody that is known of has a subscription of the topic where it went.
 * - `unknown`: the journal does not go back so far, or the entry was lost: the queue is empty and nobody said `done`.
 */
export type TraceState =
  | "done"
  | "waiting"
  | "delayed"
  | "working"
  | "dead-lettered"
  | "requeued-or-dropped"
  | "unread"
  | "unknown";

/** What happened to an item, from the journal. Plain data. */
export interface Trace {
  /** What was asked for: the id of an event, a correlation id or a business id. */
  readonly id: string;
  /** Whether the queues were asked where events are now. */
  readonly live: boolean;
  /** How far the journal goes back, in ms since the epoch; `undefined` when it is empty. */
  readonly since: number | undefined;
  /** The events that nothing shown led to, oldest first. */
  readonly roots: readonly TracedEvent[];
}

/** An event and all that followed from it. */
export interface TracedEvent {
  readonly id: string;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the queue, `Invoices`. */
  readonly destination: string;
  readonly correlationId: string | undefined;
  readonly subject: string | undefined;
  /** The event that led to it, when that one is not shown. */
  readonly causationId: string | undefined;
  /** When it was published, in ms since the epoch; its own timestamp when that happened outside of the journal. */
  readonly time: number;
  /** Why its branches are left out: they are elsewhere in this trace, it is another's business id, or it is too deep down. */
  readonly cut: "shown" | "other" | "deep" | undefined;
  /** One for each subscription that got a copy, in the order of their names. */
  readonly branches: readonly TracedBranch[];
}

/** The copy of an event at one subscription or queue. */
export interface TracedBranch {
  /** The subscription or queue; where it was published when nobody reads it. */
  readonly queueName: string;
  readonly state: TraceState;
  /** When it is due, in ms since the epoch; only when it is delayed and that is known. */
  readonly dueAt: number | undefined;
  /** The event of its partition key that it waits behind; only where the provider tells, and the key is its business id. */
  readonly behind: string | undefined;
  /**
   * That a process paused the subscription, for so long in ms since the epoch, and why, see {@link PausedBy}; of a process
   * that ended meanwhile the journal does not know.
   */
  readonly paused: { readonly until: number; readonly by: string } | undefined;
  /** In the order in which they ended. */
  readonly attempts: readonly TracedAttempt[];
}

export interface TracedAttempt {
  readonly actor: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** When it ended, in ms since the epoch. */
  readonly time: number;
  readonly durationMs: number;
  /** The code of a `BeeHiveError` or the name of another, and the message, shortened. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
  /** What it published, in the order in which the actor returned it. */
  readonly outputs: readonly TracedEvent[];
}

/** All branches of a trace, in the order in which they are shown. */
export function* branchesOf(events: Iterable<TracedEvent>): Generator<TracedBranch, void, undefined> {
  for (const { branches } of events) {
    for (const branch of branches) {
      yield branch;
      for (const { outputs } of branch.attempts) yield* branchesOf(outputs);
    }
  }
}
