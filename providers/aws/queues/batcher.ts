import { afterThisTurn, type Clock, type Timer } from "../../../src/base/clock.ts";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import { isRefusal, translate, type Operation } from "../errors.ts";
import type { Load } from "./load.ts";

/** What a batch answered for one of its entries when it was not done. */
export interface EntryFailure {
  /** The index of the entry in the batch. */
  readonly index: number;
  readonly code: string;
  readonly message: string;
  /** The entry itself is wrong: it would fail again. */
  readonly senderFault: boolean;
}

export interface BatcherOptions<E> {
  /** Sends up to `maxEntries` entries in one request; answers those that failed under a success of the whole. */
  readonly send: (entries: readonly E[]) => Promise<readonly EntryFailure[]>;
  readonly operation: Operation;
  readonly clock: Clock;
  readonly load: Load;
  /** What is asked of one queue can only come from steps on its own events; what is published, from any. */
  readonly ofQueue?: string | undefined;
  readonly maxEntries: number;
  /** The limit of a whole request. */
  readonly maxBytes: number;
  /**
   * Within a group what was added first arrives first. A request may take a later entry and not an earlier one, so
   * only one of a group is under way at a time, and when it fails, those behind it do.
   */
  readonly groupOf?: (entry: E) => string | undefined;
}

/** How often an entry that failed by a fault of the service is sent again, and how long after. */
const maxRetries = 4;
const retryMs = 50;

interface Pending<E> {
  readonly entry: E;
  readonly bytes: number;
  readonly group: string | undefined;
  retries: number;
  readonly resolve: () => void;
  readonly reject: (error: BeeHiveError) => void;
}

/**
 * Gathers what concurrent steps ask of one queue into requests of ten, which cost as much as one entry does. What
 * is asked for in one turn of the event loop goes together. While other steps are at work an entry waits a little for
 * them; in an idle system it never waits. Each entry has its own outcome: one that is refused fails alone,
 * one that the service could not take is sent again by itself.
 */
export class Batcher<E> {
  readonly #options: BatcherOptions<E>;
  #pending: Pending<E>[] = [];
  /** Groups of which an entry is under way, or will be sent again. */
  readonly #busy = new Set<string>();
  #inFlight = 0;
  #entriesInFlight = 0;
  #linger: Timer | undefined;
  #turnEnds = false;
  /** What waits is due, and goes when a request under way has been answered. */
  #flushNext = false;

  constructor(options: BatcherOptions<E>) {
    this.#options = options;
  }

  /** Resolves when the entry is done. @throws BeeHiveError as {@link translate} reads the failure. */
  add(entry: E, bytes: number): Promise<void> {
    const group = this.#options.groupOf?.(entry);
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, bytes, group, retries: 0, resolve, reject });
      this.#pend();
    });
  }

  #pend(): void {
    if (this.#next().full) this.#flush();
    else if (!this.#turnEnds) {
      this.#turnEnds = true;
      afterThisTurn(() => this.#endTurn());
    }
  }

  /** Whether anybody is left who could bring something soon. */
  get #othersMayCome(): boolean {
    const { load, ofQueue, clock } = this.#options;
    const working = load.workingOn(clock.now(), ofQueue);
    return working > (ofQueue === undefined ? load.waiting : this.#pending.length + this.#entriesInFlight);
  }

  #endTurn(): void {
    this.#turnEnds = false;
    if (this.#pending.length === 0) return;
    if (!this.#othersMayCome) this.#flush();
    else this.#linger ??= this.#options.clock.after(this.#options.load.lingerMs, () => this.#flush());
  }

  /** Sends what waits: a full batch at once, another when no request is under way. */
  #flush(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    const { batch, full } = this.#next();
    if (batch.length === 0 || (this.#inFlight > 0 && !full)) {
      this.#flushNext = this.#pending.length > 0;
      return;
    }
    for (const { group } of batch) if (group !== undefined) this.#busy.add(group);
    this.#pending = this.#pending.filter((pending) => !batch.includes(pending));
    this.#flushNext = this.#pending.length > 0;
    this.#inFlight++;
    this.#entriesInFlight += batch.length;
    void this.#send(batch).finally(() => {
      this.#inFlight--;
      this.#entriesInFlight -= batch.length;
      if (this.#flushNext) this.#flush();
    });
  }

  /** The entries of the next request, and whether more could not go in it: more may have been gathered. */
  #next(): { readonly batch: readonly Pending<E>[]; readonly full: boolean } {
    const { maxBytes, maxEntries } = this.#options;
    const groups = new Set(this.#busy);
    const batch: Pending<E>[] = [];
    let bytes = 0;
    for (const pending of this.#pending) {
      if (pending.group !== undefined && groups.has(pending.group)) continue;
      if (batch.length > 0 && bytes + pending.bytes > maxBytes) return { batch, full: true };
      batch.push(pending);
      bytes += pending.bytes;
      if (batch.length === maxEntries) return { batch, full: true };
      if (pending.group !== undefined) groups.add(pending.group);
    }
    return { batch, full: bytes > maxBytes };
  }

  async #send(batch: readonly Pending<E>[]): Promise<void> {
    const { operation } = this.#options;
    let failures: ReadonlyMap<number, EntryFailure>;
    try {
      const answered = await this.#options.send(batch.map(({ entry }) => entry));
      failures = new Map(answered.map((failure) => [failure.index, failure]));
    } catch (error) {
      await this.#refused(batch, translate(error, operation));
      return;
    }
    for (const [index, pending] of batch.entries()) {
      const failure = failures.get(index);
      if (!failure) this.#succeed(pending);
      else if (failure.senderFault || pending.retries >= maxRetries)
        this.#fail(pending, failureError(failure, operation));
      else this.#retry(pending);
    }
  }

  /** A request is refused as a whole for one wrong entry: asked for alone, that one fails alone. */
  async #refused(batch: readonly Pending<E>[], error: BeeHiveError): Promise<void> {
    if (batch.length > 1 && isRefusal(error)) await Promise.all(batch.map((pending) => this.#send([pending])));
    else for (const pending of batch) this.#fail(pending, error);
  }

  #succeed({ group, resolve }: Pending<E>): void {
    if (group !== undefined) this.#busy.delete(group);
    resolve();
  }

  /** What is behind it would arrive before it, when it is asked for again. */
  #fail(failed: Pending<E>, error: BeeHiveError): void {
    const { group } = failed;
    const behind = group === undefined ? [] : this.#pending.filter((pending) => pending.group === group);
    this.#pending = this.#pending.filter((pending) => !behind.includes(pending));
    if (group !== undefined) this.#busy.delete(group);
    for (const pending of [failed, ...behind]) pending.reject(error);
  }

  #retry(pending: Pending<E>): void {
    this.#options.clock.after(retryMs * 2 ** pending.retries++, () => {
      if (pending.group !== undefined) this.#busy.delete(pending.group);
      this.#pending.unshift(pending);
      this.#pend();
    });
  }
}

function failureError({ code, message }: EntryFailure, operation: Operation): BeeHiveError {
  const error = new Error(message);
  error.name = code;
  return translate(error, operation);
}
