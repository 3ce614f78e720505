import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order } from "../entities.ts";
import { OrderShipped } from "../events.ts";
import { Mailer } from "../gateways/mailer.ts";
import { Orders } from "../stores.ts";

/** Sends the customer an e-mail. */
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
    // The key is that of the order: a repeated OrderShipped sends no second e-mail.
    const subject = `${customer.name}, your order ${orderId} is on its way`;
    await this.mailer.send(`shipped-${orderId}`, { orderId, to: customer.email, subject });
  }
}
