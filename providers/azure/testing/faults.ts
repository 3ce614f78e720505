import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { Turns } from "../../../src/provider-kit/turns.ts";

/** What goes wrong on demand. Counts go down as faults happen. */
export class Faults {
  readonly #clock: Clock;
  readonly #turns = new Turns();
  /** How long every answer takes, in ms. */
  delayMs = 0;
  /** How late the end of a drain is told, in ms; never when it is `Infinity`. The SDK closes a link after 200 ms of it. */
  drainMs = 0;
  /** So many sends are refused as `ServerBusy`, the throttling of Service Bus. */
  throttledSends = 0;
  /** So many administration requests are answered with this status. */
  administration: { status: number; times: number } = { status: 429, times: 0 };
  /** So many settlements are taken but never answered, and their connection is dropped. */
  droppedSettlements = 0;
  /** So many claims, which come before each link, are never answered, and their connection is dropped. */
  droppedClaims = 0;
  /** So many requests of management, the renewals of locks among them, are taken but never answered. */
  unansweredRequests = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Answers a client: in a turn of its own, and late when that is asked for. */
  answer(work: () => void): void {
    if (this.delayMs > 0) this.#clock.after(this.delayMs, () => this.#turns.add(work));
    else this.#turns.add(work);
  }

  /** Tells the end of a drain, late or never when that is asked for. */
  drained(work: () => void): void {
    if (this.drainMs === 0) work();
    else if (this.drainMs < Infinity) this.#clock.after(this.drainMs, work);
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
