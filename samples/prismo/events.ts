/**
 * What can happen at Prismo. Events carry ids and no more: whoever handles one reads the rest from the stores, as it
 * is by then. Each is published to the topic of its own name.
 */
import { eventType, type EventType } from "beehive-actors";

export interface OfOrder {
  readonly orderId: string;
}

export interface ItemOfOrder extends OfOrder {
  readonly productId: string;
}

export interface ItemsOfOrder extends OfOrder {
  /** Those that nobody has tried to take yet. */
  readonly productIds: readonly string[];
}

export interface MissingItem extends ItemOfOrder {
  readonly quantity: number;
}

export interface Delivery {
  /** The supplier's own number: the same goods never arrive under two of them. */
  readonly deliveryId: string;
  readonly productId: string;
  readonly quantity: number;
}

export interface OfProduct {
  readonly productId: string;
}

export const OrderAccepted: EventType<OfOrder> = eventType("OrderAccepted", undefined, { entry: true });
export const PaymentAuthorised: EventType<OfOrder> = eventType("PaymentAuthorised");
export const PaymentFailed: EventType<OfOrder> = eventType("PaymentFailed");
export const FraudCheckFailed: EventType<OfOrder> = eventType("FraudCheckFailed");
export const OrderItemsNotYetAccountedFor: EventType<ItemsOfOrder> = eventType("OrderItemsNotYetAccountedFor");
export const ProductOutOfStock: EventType<MissingItem> = eventType("ProductOutOfStock");
export const ProductDelivered: EventType<Delivery> = eventType("ProductDelivered");
export const ProductArrivedBackInStock: EventType<OfProduct> = eventType("ProductArrivedBackInStock");
export const ItemBackInStockForOrder: EventType<ItemOfOrder> = eventType("ItemBackInStockForOrder");
export const OrderInventoryCheckCompleted: EventType<OfOrder> = eventType("OrderInventoryCheckCompleted");
export const OrderShipped: EventType<OfOrder> = eventType("OrderShipped");
export const OrderCancelled: EventType<OfOrder> = eventType("OrderCancelled");
