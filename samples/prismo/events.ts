/**
 * The events of Prismo.
 *
 * Events carry ids only; handlers read the current data from the stores. Each event goes to the topic of its own name,
 * and its body is validated when it is made and when it is read.
 */
import { eventType } from "beehive-actors";
import { z } from "zod";

const id = z.string().min(1);
const quantity = z.int().positive();

const ofOrder = z.object({ orderId: id });
const itemOfOrder = z.object({ orderId: id, productId: id });
/** Items that no actor has tried to take yet. */
const itemsOfOrder = z.object({ orderId: id, productIds: z.array(id) });
const missingItem = z.object({ orderId: id, productId: id, quantity });
/** The id is the supplier's own number, so the same goods never arrive under two ids. */
const delivery = z.object({ deliveryId: id, productId: id, quantity });
const ofProduct = z.object({ productId: id });

export type OfOrder = z.infer<typeof ofOrder>;
export type Delivery = z.infer<typeof delivery>;

export const OrderAccepted = eventType("OrderAccepted", ofOrder, { entry: true });
export const PaymentAuthorised = eventType("PaymentAuthorised", ofOrder);
export const PaymentFailed = eventType("PaymentFailed", ofOrder);
export const FraudCheckFailed = eventType("FraudCheckFailed", ofOrder);
export const OrderItemsNotYetAccountedFor = eventType("OrderItemsNotYetAccountedFor", itemsOfOrder);
export const ProductOutOfStock = eventType("ProductOutOfStock", missingItem);
export const ProductDelivered = eventType("ProductDelivered", delivery);
export const ProductArrivedBackInStock = eventType("ProductArrivedBackInStock", ofProduct);
export const ItemBackInStockForOrder = eventType("ItemBackInStockForOrder", itemOfOrder);
export const OrderInventoryCheckCompleted = eventType("OrderInventoryCheckCompleted", ofOrder);
export const OrderShipped = eventType("OrderShipped", ofOrder);
export const OrderCancelled = eventType("OrderCancelled", ofOrder);
