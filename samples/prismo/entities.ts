/** What Prismo remembers. An `etag` makes the store refuse a change to a version that is no longer the latest. */

interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly address: string;
}

export interface OrderItem {
  readonly quantity: number;
  /** The id of the event that took it from the stock. */
  readonly takenBy?: string | undefined;
}

/** An order, and the one place where all that happens to it meets: every join goes through its etag. */
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

/** Under the id of its order. */
export interface Payment {
  readonly id: string;
  readonly etag?: string | undefined;
  readonly amount: number;
  readonly status: "authorised" | "refused" | "refunded";
}

/** Under the id of its order. */
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

/** Whether an order can leave: the fraud check and the inventory run side by side, whoever ends last finds it so. */
export function isReady({ status, fraudCleared, items }: Order): boolean {
  return status === "accepted" && fraudCleared && Object.values(items).every(({ takenBy }) => takenBy !== undefined);
}
