import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order, Payment } from "../entities.ts";
import { OrderAccepted, PaymentAuthorised, PaymentFailed } from "../events.ts";
import { PaymentGateway } from "../gateways/payment-gateway.ts";
import { Orders, Payments } from "../stores.ts";

/** Charges the customer. */
@actorDescription("OrderAccepted-Payment", { publishes: ["PaymentAuthorised", "PaymentFailed"] })
@injects(Orders, Payments, PaymentGateway)
export class PaymentActor implements ProcessorActor {
  constructor(
    private readonly orders: CollectionStore<Order>,
    private readonly payments: CollectionStore<Payment>,
    private readonly gateway: PaymentGateway,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = OrderAccepted.read(event);
    const { totalPrice, paymentMethod } = await this.orders.get(orderId);
    const authorised = await this.gateway.authorise(orderId, totalPrice, paymentMethod);
    // Insert, never replace: a repeated event must not undo a refund.
    const payment = { id: orderId, amount: totalPrice, status: authorised ? "authorised" : "refused" } as const;
    await this.payments.insertIfAbsent(payment);
    return [(authorised ? PaymentAuthorised : PaymentFailed).create({ orderId })];
  }
}
