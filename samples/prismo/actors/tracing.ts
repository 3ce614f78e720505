import { actorDescription, type ActorContext, type Event, type ProcessorActor } from "beehive-actors";

/** Logs every event, through subscriptions of its own. */
@actorDescription("OrderAccepted-Tracing")
@actorDescription("PaymentAuthorised-Tracing")
@actorDescription("PaymentFailed-Tracing")
@actorDescription("FraudCheckFailed-Tracing")
@actorDescription("OrderItemsNotYetAccountedFor-Tracing")
@actorDescription("ProductOutOfStock-Tracing")
@actorDescription("ProductDelivered-Tracing")
@actorDescription("ProductArrivedBackInStock-Tracing")
@actorDescription("ItemBackInStockForOrder-Tracing")
@actorDescription("OrderInventoryCheckCompleted-Tracing")
@actorDescription("OrderShipped-Tracing")
@actorDescription("OrderCancelled-Tracing")
export class TracingActor implements ProcessorActor {
  async processAsync(event: Event, { logger }: ActorContext): Promise<void> {
    logger.debug({}, event.eventType);
  }
}
