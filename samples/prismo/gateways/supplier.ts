import type { Delivery } from "../events.ts";

const spare = 2;
const arrivesInMs = 50;

/** Sends what is asked for and a little more, a little later. An order number that it knows is the same order again. */
export class Supplier {
  async order(orderNumber: string, productId: string, quantity: number): Promise<Promised> {
    return { delivery: { deliveryId: orderNumber, productId, quantity: quantity + spare }, arrivesInMs };
  }
}

/** A delivery on its way. */
export interface Promised {
  readonly delivery: Delivery;
  readonly arrivesInMs: number;
}
