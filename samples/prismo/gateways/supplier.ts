import type { Delivery } from "../events.ts";

const spare = 2;
const arrivesInMs = 50;

/** Simulates a supplier that delivers slightly more, slightly later. A known order number is the same order again. */
export class Supplier {
  async order(orderNumber: string, productId: string, quantity: number): Promise<Promised> {
    return { delivery: { deliveryId: orderNumber, productId, quantity: quantity + spare }, arrivesInMs };
  }
}

/** A delivery in transit. */
export interface Promised {
  readonly delivery: Delivery;
  readonly arrivesInMs: number;
}
