import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order } from "../entities.ts";
import { OrderShipped } from "../events.ts";
import { Mailer } from "../gateways/mailer.ts";
import { Orders } from "../stores.ts";

/** Tells the customer. */
@actorDescription("OrderShipped-Email")
@injects(Orders, Mailer)
export class ShippedEmailActor implements ProcessorActor {
  constructor(
    private readonly orders: CollectionStore<Order>,
    private readonly mailer: Mailer,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const { orderId } = OrderShipped.read(event);
    const { customer } = await this.orders.get(orderId);
    // The key is of the order, not of the event: OrderShipped may be told twice, the customer is not.
    const subject = `${customer.name}, your order ${orderId} is on its way`;
    await this.mailer.send(`shipped-${orderId}`, { orderId, to: customer.email, subject });
  }
}
