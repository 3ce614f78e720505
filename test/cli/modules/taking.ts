import {
  actorDescription,
  counterStore,
  eventType,
  injects,
  type CounterStore,
  type ProcessorActor,
} from "beehive-actors";
import type { SimulateOptions } from "beehive-actors/testing";

export const OrderPlaced = eventType<{ id: string }>("OrderPlaced");

/** Takes goods twice when an event comes twice. */
@actorDescription("OrderPlaced-Stock")
@injects(counterStore)
export class StockActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(): Promise<void> {
    await this.counters.increment("Stock", "lamp", -1);
  }
}

export const simulation: Partial<SimulateOptions> = {
  given: (stores) => stores.counters.increment("Stock", "lamp", 10),
};
