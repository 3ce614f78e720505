import { actorDescription, counterStore, eventType, identityOf, injects } from "beehive-actors";
import type { CounterStore, Event, HiveOptions, ProcessorActor } from "beehive-actors";
import * as v from "valibot";

/** Published by other systems, here by `npm run push`. Bodies are checked when events are made and read. */
export const CustomerRegistered = eventType(
  "CustomerRegistered",
  v.object({ customerId: v.string(), name: v.string() }),
  { entry: true },
);
export const CustomerWelcomed = eventType(
  "CustomerWelcomed",
  v.object({ customerId: v.string(), name: v.string(), number: v.number() }),
);

/** Reads the subscription Welcome of the topic CustomerRegistered, and publishes CustomerWelcomed. */
@actorDescription("CustomerRegistered-Welcome", { publishes: [CustomerWelcomed] })
@injects(counterStore)
export class WelcomeActor implements ProcessorActor {
  readonly #counters: CounterStore;

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  async processAsync(event: Event) {
    const { customerId, name } = CustomerRegistered.read(event);
    // With `once`, a repeated step counts only once.
    const number = await this.#counters.increment("Customers", "all", 1, { once: identityOf(event) });
    return [CustomerWelcomed.create({ customerId, name, number })];
  }
}

/** Reads the events of the other actor after they are committed. */
@actorDescription("CustomerWelcomed-Tell")
export class TellActor implements ProcessorActor {
  async processAsync(event: Event) {
    const { name, number } = CustomerWelcomed.read(event);
    console.log(`Welcome ${name}, customer ${number}`);
  }
}

/** The options of the hive that only code can set. With `subject`, `beehive trace ada` finds events by customer id. */
export const hive: Partial<HiveOptions> = {
  journal: { subject: (event) => event.getBody<{ customerId?: string }>().customerId },
};
