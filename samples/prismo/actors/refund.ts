import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Payment } from "../entities.ts";
import { OrderCancelled } from "../events.ts";
import { PaymentGateway } from "../gateways/payment-gateway.ts";
import { Payments } from "../stores.ts";

/** Refunds the price of a cancelled order. */
@actorDescription("OrderCancelled-Refund")
@injects(Payments, PaymentGateway)
export class RefundActor implements ProcessorActor {
  constructor(
    private readonly payments: CollectionStore<Payment>,
    private readonly gateway: PaymentGateway,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const payment = await this.payments.get(OrderCancelled.read(event).orderId);
    if (payment.status !== "authorised") return;
    await this.gateway.refund(payment.id);
    await this.payments.update({ ...payment, status: "refunded" });
  }
}
