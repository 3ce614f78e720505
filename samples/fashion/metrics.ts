/** Business metrics, counted from the events. */
import {
  actorDescription,
  counterStore,
  identityOf,
  injects,
  type CounterStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { changeCounts, changes, ProductEnriched, ProductWithdrawn, type Change } from "./events.ts";

@actorDescription("ProductEnriched-Metrics")
@injects(counterStore)
export class MetricsActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event) {
    const change = ProductWithdrawn.is(event) ? "withdrawn" : ProductEnriched.read(event).change;
    await this.counters.increment(changeCounts, change, 1, { once: identityOf(event) });
  }
}

export async function metricsOf(counters: CounterStore): Promise<Readonly<Record<Change, number>>> {
  const counts = changes.map(async (change) => [change, await counters.get(changeCounts, change)] as const);
  return Object.fromEntries(await Promise.all(counts)) as Record<Change, number>;
}
