import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import { isReady, type Order } from "../entities.ts";
import { FraudCheckFailed, OrderInventoryCheckCompleted, PaymentAuthorised } from "../events.ts";
import { FraudChecker } from "../gateways/fraud-checker.ts";
import { Orders } from "../stores.ts";

/** Checks the customer while the goods are taken; the later of the two releases the order. */
@actorDescription("PaymentAuthorised-FraudCheck", { publishes: ["FraudCheckFailed", "OrderInventoryCheckCompleted"] })
@injects(Orders, FraudChecker)
export class FraudCheckActor implements ProcessorActor {
  constructor(
    private readonly orders: CollectionStore<Order>,
    private readonly fraudChecker: FraudChecker,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = PaymentAuthorised.read(event);
    const order = await this.orders.get(orderId);
    if (await this.fraudChecker.isFraudulent(order)) return [FraudCheckFailed.create({ orderId })];
    const cleared = order.fraudCleared ? order : await this.orders.update({ ...order, fraudCleared: true });
    return isReady(cleared) ? [OrderInventoryCheckCompleted.create({ orderId })] : [];
  }
}
