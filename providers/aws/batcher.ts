import { afterThisTurn, type Clock, type Timer } from "../../src/clock.ts";
import type { BeeHiveError } from "../../src/errors.ts";
import { translate, type Attempt } from "./errors.ts";

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
  readonly attempt: Attempt;
  readonly clock: Clock;
  readonly pace: Pace;
  /** What is asked of one queue can only come from steps on its own events; what is published, from any. */
  readonly ofQueue?: string | undefined;
  readonly maxEntries: number;
  /** The limit of a whole request. */
  readonly maxBytes: number;
  /** One request at a time: what was added first arrives first. */
  readonly sequential?: boolean;
}

/** How much longer company is waited for while there is a backlog. */
const lingerUnderLoad = 5;
/** How often an entry that failed by a fault of the service is sent again, and how long after. */
const mostRetries = 4;
const retryMs = 50;

/** A lease, as far as it matters here. */
interface Work {
  readonly address: { readonly url: string };
  isHeld(now: number): boolean;
}

/**
 * How busy the process is. What it is at work on says whether company may come; whether queues hold more than it can
 * take says how long it pays to wait for it: who waits behind a backlog anyway does not notice.
 */
export class Pace {
  /** Leases that are being worked on, or soon will be. */
  readonly #working = new Set<Work>();
  /** Queues of which the last receive was full. */
  readonly plenty: Set<string> = new Set();
  readonly #lingerMs: number;
  #waiting = 0;

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** How long an entry waits for company while others are at work, in ms. */
  get lingerMs(): number {
    return this.plenty.size > 0 ? this.#lingerMs * lingerUnderLoad : this.#lingerMs;
  }

  begin(work: Work): void {
    this.#working.add(work);
  }

  end(work: Work): void {
    this.#working.delete(work);
  }

  /** How many steps, of one queue or of all, are at work. */
  workingOn(now: number, url?: string): number {
    let count = 0;
    for (const work of this.#working) {
      // What was never settled is over when its lease is.
      if (!work.isHeld(now)) this.#working.delete(work);
      else if (url === undefined || work.address.url === url) count++;
    }
    return count;
  }

  /** How many steps wait for an answer of AWS: what they publish has been said. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Counts one step as waiting while it does. */
  async while<T>(wait: () => Promise<T>): Promise<T> {
    this.#waiting++;
    try {
      return await wait();
    } finally {
      this.#waiting--;
    }
  }
}

interface Pending<E> {
  readonly entry: E;
  readonly bytes: number;
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
  #pendingBytes = 0;
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
    return new Promise((resolve, reject) => {
      this.#enqueue({ entry, bytes, retries: 0, resolve, reject });
    });
  }

  #enqueue(pending: Pending<E>): void {
    this.#pending.push(pending);
    this.#pendingBytes += pending.bytes;
    if (this.#full) this.#flush();
    else if (!this.#turnEnds) {
      this.#turnEnds = true;
      afterThisTurn(() => this.#endTurn());
    }
  }

  /** More could not go in the next request. */
  get #full(): boolean {
    return this.#pending.length >= this.#options.maxEntries || this.#pendingBytes > this.#options.maxBytes;
  }

  /** Whether anybody is left who could bring something soon. */
  get #othersMayCome(): boolean {
    const { pace, ofQueue, clock } = this.#options;
    const working = pace.workingOn(clock.now(), ofQueue);
    return working > (ofQueue === undefined ? pace.waiting : this.#pending.length + this.#entriesInFlight);
  }

  #endTurn(): void {
    this.#turnEnds = false;
    if (this.#pending.length === 0) return;
    if (!this.#othersMayCome) this.#flush();
    else this.#linger ??= this.#options.clock.after(this.#options.pace.lingerMs, () => this.#flush());
  }

  /** Sends what waits: a full batch at once, another, or any of a sequential batcher, when no request is under way. */
  #flush(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    if (this.#pending.length === 0) return;
    if (this.#inFlight > 0 && (this.#options.sequential || !this.#full)) {
      this.#flushNext = true;
      return;
    }
    const batch = this.#cut();
    this.#flushNext = this.#pending.length > 0;
    this.#inFlight++;
    this.#entriesInFlight += batch.length;
    void this.#send(batch).finally(() => {
      this.#inFlight--;
      this.#entriesInFlight -= batch.length;
      if (this.#flushNext) this.#flush();
    });
  }

  /** The entries of the next request: more than it takes may have been gathered. */
  #cut(): Pending<E>[] {
    const { maxBytes, maxEntries } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const pending of this.#pending) {
      if (count === maxEntries || (count > 0 && bytes + pending.bytes > maxBytes)) break;
      bytes += pending.bytes;
      count++;
    }
    const batch = this.#pending.splice(0, count);
    this.#pendingBytes -= bytes;
    return batch;
  }

  async #send(batch: readonly Pending<E>[]): Promise<void> {
    const { attempt } = this.#options;
    let failures: ReadonlyMap<number, EntryFailure>;
    try {
      const answered = await this.#options.send(batch.map(({ entry }) => entry));
      failures = new Map(answered.map((failure) => [failure.index, failure]));
    } catch (error) {
      for (const pending of batch) pending.reject(translate(error, attempt));
      return;
    }
    for (const [index, pending] of batch.entries()) {
      const failure = failures.get(index);
      if (!failure) pending.resolve();
      else if (failure.senderFault || pending.retries >= mostRetries) pending.reject(failureError(failure, attempt));
      else this.#retry(pending);
    }
  }

  #retry(pending: Pending<E>): void {
    this.#options.clock.after(retryMs * 2 ** pending.retries++, () => this.#enqueue(pending));
  }
}

function failureError({ code, message }: EntryFailure, attempt: Attempt): BeeHiveError {
  const error = new Error(message);
  error.name = code;
  return translate(error, attempt);
}
