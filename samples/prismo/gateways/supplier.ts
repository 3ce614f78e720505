const spare = 2;
const deliveryMs = 50;

/** Goods on their way. */
export interface Shipping {
  readonly quantity: number;
  /** How long they take, in ms. */
  readonly deliveryMs: number;
}

/** Sends what is asked for, and a little more, a little later. */
export class Supplier {
  async order(_productId: string, quantity: number): Promise<Shipping> {
    return { quantity: quantity + spare, deliveryMs };
  }
}
