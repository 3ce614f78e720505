/** How much longer company is waited for while there is a backlog. */
const lingerUnderLoad = 5;

/** A lease, as far as it matters here. */
interface Work {
  readonly address: { readonly url: string };
  isHeld(now: number): boolean;
}

/**
 * How busy the process is. What it is at work on says whether company may come; whether queues hold more than it can
 * take says how long it pays to wait for it: who waits behind a backlog anyway does not notice.
 */
export class Load {
  /** Leases that are being worked on, or soon will be. */
  readonly #working = new Set<Work>();
  /** Queues of which the last receive was full. */
  readonly backlogs: Set<string> = new Set();
  readonly #lingerMs: number;
  #waiting = 0;

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** How long an entry waits for company while others are at work, in ms. */
  get lingerMs(): number {
    return this.backlogs.size > 0 ? this.#lingerMs * lingerUnderLoad : this.#lingerMs;
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
