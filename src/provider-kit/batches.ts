import { afterThisTurn } from "../base/clock.ts";

/** The limits of {@link Batches}. */
export interface BatchLimits {
  /** The most entries of one request. */
  readonly maxEntries: number;
  /** The most requests at a time; what comes meanwhile forms the next one. */
  readonly maxInFlight: number;
}

interface Entry<In, Out> {
  readonly value: In;
  readonly resolve: (result: Out) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends the entries of one turn of the event loop together. */
export class Batches<In, Out> {
  readonly #send: (values: readonly In[]) => Promise<readonly Out[]>;
  readonly #limits: BatchLimits;
  #waiting: Entry<In, Out>[] = [];
  #inFlight = 0;
  #scheduled = false;

  /** @param send returns a result for each value, in order. */
  constructor(send: (values: readonly In[]) => Promise<readonly Out[]>, limits: BatchLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  add(value: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ value, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      afterThisTurn(() => {
        this.#scheduled = false;
        this.#next();
      });
    });
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.maxInFlight) {
      this.#inFlight++;
      void this.#run(this.#waiting.splice(0, this.#limits.maxEntries)).finally(() => {
        this.#inFlight--;
        this.#next();
      });
    }
  }

  async #run(entries: readonly Entry<In, Out>[]): Promise<void> {
    try {
      const results = await this.#send(entries.map(({ value }) => value));
      entries.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
  }
}
