import { afterThisTurn, type Clock, type Timer } from "../../../src/base/clock.ts";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import { isRefusal, translate, type Operation } from "../errors.ts";
import type { Load } from "./load.ts";

/** The failure of one entry in a batch. */
export interface EntryFailure {
  /** The index of the entry in the batch. */
  readonly index: number;
  readonly code: string;
  readonly message: string;
  /** True when the entry itself is wrong, so that a repetition fails too. */
  readonly senderFault: boolean;
}

export interface BatcherOptions<E> {
  /** Sends up to `maxEntries` entries in one request; returns the entries that failed. */
  readonly send: (entries: readonly E[]) => Promise<readonly EntryFailure[]>;
  readonly operation: Operation;
  readonly clock: Clock;
  readonly load: Load;
  /** Queue whose steps can add entries (deletes, visibility changes). Unset for publishes, which any step may add. */
  readonly ofQueue?: string | undefined;
  readonly maxEntries: number;
  /** Maximum bytes in one request. */
  readonly maxBytes: number;
  /**
   * Keeps the order of entries within a group.
   *
   * A request may accept a later entry and reject an earlier one. So one entry of a group is in flight at a time, and
   * when it fails, those behind it fail too.
   */
  readonly groupOf?: (entry: E) => string | undefined;
}

/** Repetitions of an entry after a fault of the service, and the first pause in ms. */
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
 * Batches the requests of concurrent steps to one queue. Ten entries cost as much as one.
 *
 * Entries of one turn of the event loop go together. While other steps are in work, an entry waits a little for theirs;
 * in an idle system it never waits. Each entry has its own outcome: a refused entry fails alone, and an entry that the
 * service could not take is sent again by itself.
 */
export class Batcher<E> {
  readonly #options: BatcherOptions<E>;
  #pending: Pending<E>[] = [];
  /** Groups with an entry in flight, or waiting to be repeated. */
  readonly #busy = new Set<string>();
  #inFlight = 0;
  #entriesInFlight = 0;
  #linger: Timer | undefined;
  #turnEnds = false;
  /** True when the pending entries go as soon as the request in flight ends. */
  #flushNext = false;

  constructor(options: BatcherOptions<E>) {
    this.#options = options;
  }

  /** Resolves when the entry has succeeded. @throws BeeHiveError as {@link translate} maps the failure. */
  add(entry: E, bytes: number): Promise<void> {
    const group = this.#options.groupOf?.(entry);
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, bytes, group, retries: 0, resolve, reject });
      this.#pend();
    });
  }

  #pend(): void {
    if (this.#mayBeFull && this.#next().full) this.#flush();
    else if (!this.#turnEnds) {
      this.#turnEnds = true;
      afterThisTurn(() => this.#endTurn());
    }
  }

  /** False while the pending entries cannot fill a request, whatever their groups. */
  get #mayBeFull(): boolean {
    const { maxBytes, maxEntries } = this.#options;
    if (this.#pending.length >= maxEntries) return true;
    let bytes = 0;
    for (const pending of this.#pending) bytes += pending.bytes;
    return bytes > maxBytes;
  }

  /** True while other steps may soon add entries. */
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

  /** Sends pending entries: a full batch at once, any other when no request is in flight. */
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

  /** Returns the entries of the next request, and whether the request is full. */
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
      const failed = await this.#options.send(batch.map(({ entry }) => entry));
      failures = new Map(failed.map((failure) => [failure.index, failure]));
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

  /** Repeats each entry alone. One wrong entry fails a whole request, and then only its own. */
  async #refused(batch: readonly Pending<E>[], error: BeeHiveError): Promise<void> {
    if (batch.length > 1 && isRefusal(error)) await Promise.all(batch.map((pending) => this.#send([pending])));
    else for (const pending of batch) this.#fail(pending, error);
  }

  #succeed({ group, resolve }: Pending<E>): void {
    if (group !== undefined) this.#busy.delete(group);
    resolve();
  }

  /** Rejects the entry with those behind it in its group. They would arrive before a repetition of it. */
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
