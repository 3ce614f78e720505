import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";

/** What happened in a hive since it started, in the order in which it happened. */
export class Recorder {
  /** What was published from outside any step, and log events. */
  readonly pushed: Event[] = [];
  readonly deliveries: DeliveryReport[] = [];
  /** How many leases were given out. */
  leased = 0;

  /** How many leased events were not settled yet. */
  get inFlight(): number {
    return this.leased - this.deliveries.length;
  }

  /** Grows with everything that happens. */
  get changes(): number {
    return this.pushed.length + this.deliveries.length + this.leased;
  }
}
