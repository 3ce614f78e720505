import type { BatchedDelivery } from "./batched-delivery.ts";

/** Keeps the order of each partition key within a batch: nothing overtakes an event that failed. */
export class KeyOrder {
  readonly #ordered: boolean;
  /** The keys of events that failed so far. */
  readonly #held = new Set<string>();

  /** @param ordered False for a subscription without order, in which nothing waits. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Sorts the events that did not fail: `behind` are those with an earlier event of their key that did. */
  sorted(
    deliveries: readonly BatchedDelivery[],
    failures: ReadonlyMap<BatchedDelivery, unknown>,
  ): { readonly good: readonly BatchedDelivery[]; readonly behind: readonly BatchedDelivery[] } {
    const good: BatchedDelivery[] = [];
    const behind: BatchedDelivery[] = [];
    const failing = new Set<string>();
    for (const one of deliveries) {
      const key = this.#keyOf(one);
      if (failures.has(one)) {
        if (key !== undefined) failing.add(key);
      } else if (key !== undefined && (this.#held.has(key) || failing.has(key))) behind.push(one);
      else good.push(one);
    }
    return { good, behind };
  }

  /** Notes events that fail together: the first of each key fails, the others wait behind it. */
  failed(deliveries: readonly BatchedDelivery[]): {
    readonly failed: readonly BatchedDelivery[];
    readonly behind: readonly BatchedDelivery[];
  } {
    const failed: BatchedDelivery[] = [];
    const behind: BatchedDelivery[] = [];
    for (const one of deliveries) {
      const key = this.#keyOf(one);
      if (key !== undefined && this.#held.has(key)) behind.push(one);
      else failed.push(one);
      if (key !== undefined) this.#held.add(key);
    }
    return { failed, behind };
  }

  #keyOf({ event }: BatchedDelivery): string | undefined {
    return this.#ordered ? event.partitionKey : undefined;
  }
}
