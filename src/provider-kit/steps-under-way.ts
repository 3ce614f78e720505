import { afterThisTurn } from "../base/clock.ts";
import { ConcurrencyConflict } from "../base/errors.ts";
import type { Event } from "../events/event.ts";
import { rowName, within, type RowContent, type RowKey, type RowRange } from "./rows.ts";
import { stepConflict, type StepChanges } from "./step-changes.ts";

/** A commit that is under way. */
export interface PendingCommit {
  /** Rejects when it fails: its writes are undone. */
  readonly happened: Promise<void>;
  failed: boolean;
}

/** A write of a commit that is under way. */
export interface PendingWrite {
  readonly key: RowKey;
  /** `undefined` for a deletion. */
  readonly content: RowContent | undefined;
  readonly commit: PendingCommit;
}

/**
 * Resolves when all commits that the failed step of a lease relied on have happened.
 *
 * @throws ConcurrencyConflict if one of them has failed: the step failed upon what was undone.
 */
export async function assertHappened({
  event,
  relied,
}: {
  readonly event: Pick<Event, "id">;
  readonly relied: Iterable<PendingCommit>;
}): Promise<void> {
  for (const { happened } of relied) {
    try {
      await happened;
    } catch (cause) {
      const message = `The event ${event.id} failed upon a change that was undone. It will be delivered again.`;
      throw new ConcurrencyConflict(event.id, message, { cause });
    }
  }
}

/** A place in the line of a row. */
export interface Place {
  /** Resolves at the step's turn; `undefined` if it is at once. */
  readonly turn: Promise<unknown> | undefined;
  readonly leave: () => void;
}

/**
 * The steps of one process, where a commit is queued before it happens. So steps on one row share a transaction.
 *
 * A step reads what the steps before it are about to commit. Its own commit is queued after theirs and checks what it
 * read, so it fails if theirs is undone. Steps that would read a row at the same time, of which all but one would fail,
 * read it one after the other: each when the one before it has queued its commit, or after a turn of the event loop.
 */
export class StepsUnderWay {
  readonly #pending = new Map<string, PendingWrite>();
  /** Resolves when the last step in the line of a row leaves it. */
  readonly #last = new Map<string, Promise<void>>();

  /** Joins the line of a row. */
  join(row: string): Place {
    const before = this.#last.get(row);
    let end = (): void => {};
    const mine = new Promise<void>((resolve) => (end = resolve));
    this.#last.set(row, mine);
    return {
      // A step may take long, or wait for one that waits for it.
      turn: before && Promise.race([before, turnOfLoop()]),
      leave: () => {
        end();
        if (this.#last.get(row) === mine) this.#last.delete(row);
      },
    };
  }

  /** Returns the write of a row that is about to be committed. */
  pending(row: string): PendingWrite | undefined {
    return this.#pending.get(row);
  }

  /** Returns the writes in a range that are about to be committed. */
  pendingWithin(range: RowRange): readonly PendingWrite[] {
    return [...this.#pending.values()].filter(({ key }) => within(range, key));
  }

  /**
   * Queues the commit of a step. Its writes are pending until it has happened.
   *
   * @param relied The commits whose writes the step read before they happened.
   * @param commit Queues behind all earlier commits, and checks the rows that the step read once they have happened.
   * @throws ConcurrencyConflict if what the step read is undone, or about to be changed.
   */
  commit(
    { seen, writes }: StepChanges,
    relied: Iterable<PendingCommit>,
    commit: () => Promise<void> | void,
  ): Promise<void> | void {
    for (const { key, etag } of seen) {
      const pending = this.#pending.get(rowName(key));
      if (pending && pending.content?.etag !== etag) throw stepConflict({ key, found: pending.content?.etag });
    }
    // Else others would read the writes of a commit that must fail, and so on without an end.
    for (const { failed } of relied) if (failed && seen[0]) throw stepConflict({ key: seen[0].key, found: undefined });
    const happened = commit();
    return happened && this.#pendingUntil({ happened, failed: false }, writes);
  }

  async #pendingUntil(own: PendingCommit, writes: StepChanges["writes"]): Promise<void> {
    const pending = writes.map((write) => ({ ...write, commit: own }));
    for (const write of pending) this.#pending.set(rowName(write.key), write);
    try {
      await own.happened;
    } catch (error) {
      own.failed = true;
      throw error;
    } finally {
      for (const write of pending) {
        const row = rowName(write.key);
        if (this.#pending.get(row) === write) this.#pending.delete(row);
      }
    }
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => afterThisTurn(resolve));
}
