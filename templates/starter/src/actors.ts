import { actorDescription, counterStore, eventType, injects } from "beehive-actors";
import type { CounterStore, Event, ProcessorActor } from "beehive-actors";

/** What happened; its body is what is told of it. */
export const CustomerRegistered = eventType<{ name: string }>("CustomerRegistered");
export const CustomerWelcomed = eventType<{ name: string; number: number }>("CustomerWelcomed");

/** Reads the subscription Welcome of the topic CustomerRegistered, and publishes what follows. */
@actorDescription("CustomerRegistered-Welcome", { publishes: ["CustomerWelcomed"] })
@injects(counterStore)
export class WelcomeActor implements ProcessorActor {
  readonly #counters: CounterStore;

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  async processAsync(event: Event) {
    const { name } = CustomerRegistered.read(event);
    // With the id of the event a repeated step counts once.
    const number = await this.#counters.increment("Customers", "all", 1, { once: event.id });
    return [CustomerWelcomed.create({ name, number })];
  }
}

/** Reads what the other publishes, once that is committed. */
@actorDescription("CustomerWelcomed-Tell")
export class TellActor implements ProcessorActor {
  async processAsync(event: Event) {
    const { name, number } = CustomerWelcomed.read(event);
    console.log(`Welcome ${name}, customer ${number}`);
  }
}
