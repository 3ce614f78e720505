import type { Clock, Timer } from "../../src/base/clock.ts";

/** Smaller differences are those of the network, in ms. */
const minOffsetMs = 250;

/**
 * The clock of the server, as far as this process knows it: times that processes compare come from one clock, whatever
 * the clock of a machine says.
 */
export class ServerClock implements Clock {
  readonly #own: Clock;
  #offset = 0;

  constructor(own: Clock) {
    this.#own = own;
  }

  now(): number {
    return this.#own.now() + this.#offset;
  }

  after(ms: number, callback: () => void): Timer {
    return this.#own.after(ms, callback);
  }

  /** @param time of the server, in the answer to a request that was sent at `sentAt` by the clock of this process. */
  observe(time: number, sentAt: number): void {
    const receivedAt = this.#own.now();
    // Whole: so are all times.
    const offset = Math.round(time - (sentAt + receivedAt) / 2);
    if (Math.abs(offset - this.#offset) < minOffsetMs + (receivedAt - sentAt) / 2) return;
    this.#offset = Math.abs(offset) < minOffsetMs ? 0 : offset;
  }
}
