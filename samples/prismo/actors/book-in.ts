import {
  actorDescription,
  counterStore,
  injects,
  type CounterStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { ProductArrivedBackInStock, ProductDelivered } from "../events.ts";
import { replenished, stock } from "../stores.ts";

/** Books a delivery into the warehouse, once, however often the event is delivered. */
@actorDescription("ProductDelivered-BookIn", { publishes: ["ProductArrivedBackInStock"] })
@injects(counterStore)
export class BookInActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { deliveryId, productId, quantity } = ProductDelivered.read(event);
    await this.counters.increment(replenished, productId, quantity, { once: deliveryId });
    await this.counters.increment(stock, productId, quantity, { once: deliveryId });
    return [ProductArrivedBackInStock.create({ productId })];
  }
}
