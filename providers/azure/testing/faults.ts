import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { inMs, type Duration } from "../../../src/base/duration.ts";
import { Turns } from "../../../src/provider-kit/turns.ts";

/**
 * Faults on demand. Each count goes down with every fault.
 *
 * @example
 * broker.faults.throttledSends = 3; // the next three sends are refused
 * broker.faults.delay = "300ms";
 */
export class Faults {
  readonly #clock: Clock;
  readonly #turns = new Turns();
  /** The delay of every answer. */
  delay: Duration = 0;
  /** The delay of the end of a drain; `Infinity` for never. The SDK closes a link after 200 ms. */
  drainDelay: Duration = 0;
  /** The number of sends that are refused as `ServerBusy`, the throttling of Service Bus. */
  throttledSends = 0;
  /** The number of administration requests that are answered with this HTTP status. */
  administration: { status: number; times: number } = { status: 429, times: 0 };
  /** The number of settlements that take effect without an answer; their connection is dropped. */
  droppedSettlements = 0;
  /** The number of claims, which precede each link, without an answer; their connection is dropped. */
  droppedClaims = 0;
  /** The number of management requests, such as renewals of locks, without an answer. */
  unansweredRequests = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Answers a client in a turn of its own, after `delay`. */
  answer(work: () => void): void {
    const delayMs = inMs(this.delay);
    if (delayMs > 0) this.#clock.after(delayMs, () => this.#turns.add(work));
    else this.#turns.add(work);
  }

  /** Reports the end of a drain, after `drainDelay`. */
  drained(work: () => void): void {
    const delayMs = inMs(this.drainDelay);
    if (delayMs === 0) work();
    else if (delayMs < Infinity) this.#clock.after(delayMs, work);
  }

  throttles(): boolean {
    if (this.throttledSends <= 0) return false;
    this.throttledSends--;
    return true;
  }

  dropsSettlement(): boolean {
    if (this.droppedSettlements <= 0) return false;
    this.droppedSettlements--;
    return true;
  }

  dropsClaim(): boolean {
    if (this.droppedClaims <= 0) return false;
    this.droppedClaims--;
    return true;
  }

  ignoresRequest(): boolean {
    if (this.unansweredRequests <= 0) return false;
    this.unansweredRequests--;
    return true;
  }

  administrationStatus(): number | undefined {
    if (this.administration.times <= 0) return undefined;
    this.administration = { ...this.administration, times: this.administration.times - 1 };
    return this.administration.status;
  }
}
