/** Topic A -> actor -> topic B -> actor -> topic C -> actor, with a body of about 200 bytes, as in the benches. */
import {
  actorDescription,
  createHive,
  Event,
  silentLogger,
  type ActorClass,
  type DeliveryReport,
  type Hive,
} from "../../src/index.ts";

const body = {
  orderId: "c0a80101-7b4e-4f0e-9d2c-000000000001",
  customer: { id: "c-1042", name: "Ada Lovelace", email: "ada.lovelace@analytical-engine.example" },
  items: [{ productId: "p-7", quantity: 2 }],
  total: 99.95,
};

export const hops = 3;

/** Returns a hive that is set up and not started. */
export async function threeHops(provider: string, onDelivery?: (report: DeliveryReport) => void): Promise<Hive> {
  const actors = [hop("A", "B"), hop("B", "C"), hop("C", undefined)];
  const defaults = { parallelism: 64 };
  const hive = await createHive({ actors, provider, defaults, onDelivery, logger: silentLogger, environment: {} });
  await hive.setup();
  return hive;
}

export function sourceEvents(count: number): Event[] {
  return Array.from({ length: count }, () => new Event("A", body));
}

function hop(topic: string, next: string | undefined): ActorClass {
  class Hop {
    async processAsync(event: Event): Promise<Event[]> {
      const read = event.getBody<typeof body>();
      return next === undefined ? [] : [new Event(next, read)];
    }
  }
  actorDescription(`${topic}-Work`, next === undefined ? {} : { publishes: [next] })(Hop);
  return Hop;
}
