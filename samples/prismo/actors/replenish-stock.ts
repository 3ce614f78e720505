import { actorDescription, injects, type ActorContext, type Event, type ProcessorActor } from "beehive-actors";
import { ProductDelivered, ProductOutOfStock } from "../events.ts";
import { Supplier } from "../gateways/supplier.ts";

/** Orders missing goods. The delivery is a later event. */
@actorDescription("ProductOutOfStock-ReplenishStock", { publishes: ["ProductDelivered"] })
@injects(Supplier)
export class ReplenishStockActor implements ProcessorActor {
  constructor(private readonly supplier: Supplier) {}

  async processAsync(event: Event, { clock }: ActorContext): Promise<Event[]> {
    const { productId, quantity } = ProductOutOfStock.read(event);
    const { delivery, arrivesInMs } = await this.supplier.order(event.id, productId, quantity);
    return [ProductDelivered.create(delivery, { enqueueTime: new Date(clock.now() + arrivesInMs) })];
  }
}
