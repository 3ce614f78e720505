import { afterThisTurn, type Clock, type Timer } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { isBusy, translate } from "../errors.ts";
import type { Driver, Statement } from "./driver.ts";

/** Callbacks around the operations of a group. All are synchronous, so nothing comes between BEGIN and COMMIT. */
export interface GroupHooks {
  /** Called after BEGIN. */
  begun(): void;
  /** Called after the operations, to write what they buffered. */
  flush(): void;
  committed(): void;
  rolledBack(): void;
}

interface Operation {
  readonly apply: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BeeHiveError) => void;
  /** The result of `apply`, or the reason why it refused. */
  value: unknown;
  refusal: BeeHiveError | undefined;
}

/** Operations in a group, which bounds how long it blocks the event loop. */
const maxInGroup = 1_000;
/** The maximum wait for the write lock of another process, and between two tries, in ms. */
const lockLimitMs = 15_000;
const maxLockRetryMs = 20;

/** Thrown by an operation to roll back its group. If the operation throws it alone, too, it rejects with `reason`. */
export class UndoGroup extends Error {
  readonly reason: BeeHiveError;

  constructor(reason: BeeHiveError) {
    super(reason.message);
    this.reason = reason;
  }
}

/**
 * Commits all operations of one turn of the event loop in one transaction, with one flush of the disk.
 *
 * Promises resolve after the COMMIT. An operation makes its checks before it writes, and refuses by throwing a
 * `BeeHiveError`; the rest of its group goes on. Any other error rolls back the group, and its operations are then
 * tried one by one, so that only the faulty one fails. So an operation may run several times, and must not keep state.
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
  /** Set while another process holds the write lock: the start of the wait, and the number of tries. */
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

  /** True if a group is about to be committed, which operations can join without a transaction of their own. */
  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs `apply` in the transaction of this turn. Resolves with its result after the commit. */
  run<T>(apply: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject, value: undefined, refusal: undefined });
      this.#schedule();
    }) as Promise<T>;
  }

  /** Commits the pending operations at once. */
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
    // Wait for the lock without blocking; other processes keep it for milliseconds.
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
      else this.#commitEach(group);
      return;
    }
    for (const { refusal, value, resolve, reject } of group) {
      if (refusal) reject(refusal);
      else resolve(value);
    }
    this.#hooks.committed();
  }

  /** Commits operations one by one. Those behind one that waits for the lock wait too, so that their order stays. */
  #commitEach(group: readonly Operation[]): void {
    for (const [index, one] of group.entries()) {
      this.#commitGroup([one]);
      if (this.#waiting[0] !== one) continue;
      this.#waiting.splice(1, 0, ...group.slice(index + 1));
      return;
    }
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
      // After some failures, such as a full disk, SQLite has rolled back by itself.
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
