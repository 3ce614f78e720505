/** The entities of Prismo. With an `etag` the store rejects a change of an outdated version. */

interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly address: string;
}

export interface OrderItem {
  readonly quantity: number;
  /** Id of the event that took the item from stock. */
  readonly takenBy?: string | undefined;
}

/** An order. All joins of the workflow go through its etag. */
export interface Order {
  readonly id: string;
  readonly etag?: string | undefined;
  readonly customer: Customer;
  /** By product id. */
  readonly items: Readonly<Record<string, OrderItem>>;
  readonly totalPrice: number;
  readonly paymentMethod: string;
  readonly shippingAddress: string;
  readonly status: "accepted" | "cancelled" | "shipped";
  readonly cancelReason?: string | undefined;
  readonly fraudCleared: boolean;
  /** In ms since the epoch. */
  readonly acceptedAt: number;
}

/** Stored under the id of its order. */
export interface Payment {
  readonly id: string;
  readonly etag?: string | undefined;
  readonly amount: number;
  readonly status: "authorised" | "refused" | "refunded";
}

/** Stored under the id of its order. */
export interface Shipment {
  readonly id: string;
  readonly address: string;
  /** In ms since the epoch. */
  readonly shippedAt: number;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly initialQuantity: number;
}

/** An e-mail, under the key that it was sent with. */
export interface Mail {
  readonly id: string;
  readonly orderId: string;
  readonly to: string;
  readonly subject: string;
}

/** An order, by its id, that waits for a product. */
export interface WaitingOrder {
  readonly id: string;
  readonly quantity: number;
}

/** Returns true when an order can leave. Fraud check and inventory run side by side; the later one releases it. */
export function isReady({ status, fraudCleared, items }: Order): boolean {
  return status === "accepted" && fraudCleared && Object.values(items).every(({ takenBy }) => takenBy !== undefined);
}
