import { afterThisTurn, type Clock, type Timer } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { Driver, Statement } from "./driver.ts";
import { isBusy, translate } from "../errors.ts";

/** What surrounds the operations of a group. All of it is synchronous: nothing comes between BEGIN and COMMIT. */
export interface GroupHooks {
  /** The transaction has begun. */
  begun(): void;
  /** The operations are done: what they held back to write together is written now. */
  flush(): void;
  committed(): void;
  rolledBack(): void;
}

interface Operation {
  readonly apply: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BeeHiveError) => void;
  /** What `apply` returned, or why it refused. */
  value: unknown;
  refusal: BeeHiveError | undefined;
}

/** The longest group: what bounds how long the event loop stands still for one. */
const maxInGroup = 1_000;
/** How long the write lock of another process is waited for, and the longest wait between two tries, in ms. */
const lockLimitMs = 15_000;
const maxLockRetryMs = 20;

/** Thrown within a group to undo all of it: the operation that throws it alone, too, is refused for that reason. */
export class UndoGroup extends Error {
  readonly reason: BeeHiveError;

  constructor(reason: BeeHiveError) {
    super(reason.message);
    this.reason = reason;
  }
}

/**
 * Commits all that is asked for within one turn of the event loop in one transaction: one flush of the disk for
 * many steps. Nobody is answered before the COMMIT.
 *
 * An operation checks all that can be refused before it writes, and throws a `BeeHiveError` to refuse: the others of
 * its group go on. Anything else that is thrown undoes the group; its operations are then tried one by one, so that
 * only the one that is to blame fails. So an operation may be run several times, and must not keep what it did.
 */
export class GroupCommit {
  readonly #file: string;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #hooks: GroupHooks;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #waiting: Operation[] = [];
  #scheduled = false;
  #closing = false;
  /** While another process holds the write lock: since when it is waited for, how often it was tried. */
  #locked: { readonly since: number; tries: number } | undefined;
  #lockTimer: Timer | undefined;

  constructor(file: string, driver: Driver, clock: Clock, hooks: GroupHooks) {
    this.#file = file;
    this.#driver = driver;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#begin = driver.prepare("BEGIN IMMEDIATE");
    this.#commit = driver.prepare("COMMIT");
  }

  /** Whether a group is about to be committed: what joins it costs no transaction of its own. */
  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs `apply` in the transaction of this turn. Resolves with what it returned when that is on disk. */
  run<T>(apply: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject, value: undefined, refusal: undefined });
      this.#schedule();
    }) as Promise<T>;
  }

  /** Commits what waits, at once: a last group. */
  close(): void {
    this.#closing = true;
    this.#lockTimer?.cancel();
    while (this.#waiting.length > 0) this.#commitGroup(this.#waiting.splice(0, maxInGroup));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    afterThisTurn(() => this.#next());
  }

  #next(): void {
    this.#scheduled = false;
    this.#lockTimer = undefined;
    const group = this.#waiting.splice(0, maxInGroup);
    if (group.length > 0) this.#commitGroup(group);
    if (this.#waiting.length === 0) return;
    if (!this.#locked) return this.#schedule();
    // The lock is waited for without standing still; others keep it for milliseconds.
    this.#scheduled = true;
    this.#lockTimer = this.#clock.after(Math.min(maxLockRetryMs, this.#locked.tries), () => this.#next());
  }

  #commitGroup(group: readonly Operation[]): void {
    try {
      this.#begin.run([]);
    } catch (error) {
      if (isBusy(error) && this.#mayWait()) this.#waiting = [...group, ...this.#waiting];
      else this.#refuse(group, error);
      return;
    }
    this.#locked = undefined;
    try {
      this.#hooks.begun();
      for (const one of group) apply(one);
      this.#hooks.flush();
      this.#commit.run([]);
    } catch (error) {
      this.#rollBack();
      if (group.length === 1) this.#refuse(group, error);
      else for (const one of group) this.#commitGroup([one]);
      return;
    }
    for (const { refusal, value, resolve, reject } of group) {
      if (refusal) reject(refusal);
      else resolve(value);
    }
    this.#hooks.committed();
  }

  #mayWait(): boolean {
    const now = this.#clock.now();
    this.#locked ??= { since: now, tries: 0 };
    this.#locked.tries++;
    return !this.#closing && Math.abs(now - this.#locked.since) < lockLimitMs;
  }

  #refuse(group: readonly Operation[], error: unknown): void {
    this.#locked = undefined;
    const reason = error instanceof UndoGroup ? error.reason : translate(error, this.#file);
    for (const { reject } of group) reject(reason);
  }

  #rollBack(): void {
    try {
      this.#driver.exec("ROLLBACK");
    } catch {
      // Some failures, a full disk among them, have SQLite roll back by itself.
    }
    this.#hooks.rolledBack();
  }
}

function apply(operation: Operation): void {
  operation.refusal = undefined;
  try {
    operation.value = operation.apply();
  } catch (error) {
    if (!(error instanceof BeeHiveError)) throw error;
    operation.refusal = error;
  }
}
