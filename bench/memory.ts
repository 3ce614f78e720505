import { randomUUID } from "node:crypto";
import { actorDescription, createHive, Event, silentLogger, type ProcessorActor } from "beehive-actors";
import { contest, type Contestant } from "./contest.ts";
import type { Outcome } from "./outcome.ts";

/*
 * Events through three hops, topic A -> actor -> topic B -> actor -> topic C -> actor, with everything that a hive
 * does: leases, dependency injection, deterministic ids, deduplication, telemetry as a no-op.
 */

/** About 200 bytes of JSON. */
const body = {
  orderId: "c0a80101-7b4e-4f0e-9d2c-000000000001",
  customer: { id: "c-1042", name: "Ada Lovelace", email: "ada@example.com" },
  items: [{ productId: "p-7", quantity: 2 }],
  total: 99.95,
};

/** How many source events are under way at the same time. */
const window = 256;

function hop(subscription: string, next: string | undefined, handled: () => void): new () => ProcessorActor {
  @actorDescription(subscription, { parallelism: 64, publishes: next === undefined ? [] : [next] })
  class Hop implements ProcessorActor {
    async processAsync(event: Event): Promise<Event[]> {
      const read = event.getBody<typeof body>();
      handled();
      return next === undefined ? [] : [new Event(next, read)];
    }
  }
  return Hop;
}

/** The hive on the memory provider. */
const hive: Contestant = {
  name: "BeeHive memory:",
  async run(count) {
    let handled = 0;
    let wake = (): void => {};
    const arrived = (): void => {
      handled++;
      wake();
    };
    const actors = [hop("A-First", "B", arrived), hop("B-Second", "C", arrived), hop("C-Third", undefined, arrived)];
    const running = await createHive({ actors, logger: silentLogger });
    await running.start();
    for (let sent = 0; sent < count; sent++) {
      while (sent - handled / 3 >= window) await new Promise<void>((resolve) => (wake = resolve));
      await running.push(new Event("A", body));
    }
    await running.idle();
    await running.stop();
    return handled;
  },
};

/** The least that three isolated hops cost: an id, JSON both ways and a turn of the loop for each. */
const floor: Contestant = {
  name: "floor: JSON both ways and a UUID",
  async run(count) {
    let handled = 0;
    for (let sent = 0; sent < count; sent++) {
      let text = JSON.stringify(body);
      for (let i = 0; i < 3; i++) {
        randomUUID();
        const read = await Promise.resolve(JSON.parse(text) as typeof body);
        handled++;
        if (i < 2) text = JSON.stringify(read);
      }
    }
    return handled;
  },
};

export async function memory(events: number): Promise<Outcome> {
  const results = await contest([hive, floor], events, 5);
  const rateOf = (wanted: Contestant): number => results.find(({ name }) => name === wanted.name)?.median ?? NaN;
  const memoryEventsPerSecond = rateOf(hive);
  const floorEventsPerSecond = rateOf(floor);
  const lines = results.map(({ name, median, min, max }) => {
    const range = `${Math.round(min)} to ${Math.round(max)}`;
    const rate = String(Math.round(median)).padStart(9);
    return `${name.padEnd(36)} ${rate} events/s  (${range})  ${(median / floorEventsPerSecond).toFixed(2)} x floor`;
  });
  const memoryToFloor = memoryEventsPerSecond / floorEventsPerSecond;
  return { lines, figures: { memoryEventsPerSecond, floorEventsPerSecond, memoryToFloor } };
}
