import type { Logger } from "../base/logger.ts";
import { ifRejected } from "../base/rejection.ts";
import type { DeliveryObserver, DeliveryReport } from "./delivery.ts";

/** Tells the observers of a hive about deliveries. An error of an observer is logged and changes nothing. */
export class Reports {
  readonly #observers: readonly DeliveryObserver[];
  readonly #logger: Logger;

  constructor(observers: readonly DeliveryObserver[], logger: Logger) {
    this.#observers = observers;
    this.#logger = logger;
  }

  /** True when nobody observes, so that no report need be made. */
  get unread(): boolean {
    return this.#observers.length === 0;
  }

  tell(report: DeliveryReport): void {
    const observers = this.#observers;
    // By index: an iterator is allocated for each event.
    for (let n = 0; n < observers.length; n++) this.#notify(observers[n] as DeliveryObserver, report);
  }

  #notify(observer: DeliveryObserver, report: DeliveryReport): void {
    try {
      const observed: unknown = observer.delivered?.(report);
      if (observed !== undefined) ifRejected(observed, (thrown) => this.#log(report, thrown));
    } catch (thrown) {
      this.#log(report, thrown);
    }
  }

  #log({ event }: DeliveryReport, thrown: unknown): void {
    this.#logger.error({ err: thrown, eventId: event.id }, "onDelivery failed");
  }
}
