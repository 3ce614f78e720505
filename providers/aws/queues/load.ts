/** Factor of the linger time while a queue has a backlog. */
const lingerUnderLoad = 5;

/** The part of a lease that counts here. */
interface Work {
  readonly address: { readonly url: string };
  isHeld(now: number): boolean;
}

/**
 * How busy the process is, which decides how long a `Batcher` waits for more entries.
 *
 * Events in work may add entries soon. With a backlog a longer wait pays, and delays nobody.
 */
export class Load {
  /** Leases in work, or soon to be. */
  readonly #working = new Set<Work>();
  /** URLs of the queues whose last receive was full. */
  readonly backlogs: Set<string> = new Set();
  readonly #lingerMs: number;
  #waiting = 0;

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** How long an entry waits for others, in ms. */
  get lingerMs(): number {
    return this.backlogs.size > 0 ? this.#lingerMs * lingerUnderLoad : this.#lingerMs;
  }

  begin(work: Work): void {
    this.#working.add(work);
  }

  end(work: Work): void {
    this.#working.delete(work);
  }

  /** Returns how many leases are in work, of one queue or of all. */
  workingOn(now: number, url?: string): number {
    let count = 0;
    for (const work of this.#working) {
      // A lease that was never settled ends by itself.
      if (!work.isHeld(now)) this.#working.delete(work);
      else if (url === undefined || work.address.url === url) count++;
    }
    return count;
  }

  /** Number of steps that wait for a response of AWS, so that they add nothing now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Counts a step as waiting until `wait` settles. */
  async while<T>(wait: () => Promise<T>): Promise<T> {
    this.#waiting++;
    try {
      return await wait();
    } finally {
      this.#waiting--;
    }
  }
}
