/** BeeHive as it is: leases, injection, deterministic ids, deduplication, telemetry as a no-op. */
import { randomUUID } from "node:crypto";
import { actorDescription, createHive, Event, silentLogger, type ActorClass, type Hive } from "beehive-actors";
import type { Body } from "../child/body.ts";
import type { Handled, Open, Settings } from "../child/hops.ts";
import { serve } from "../child/serve.ts";
import { serveAsSibling, siblingSettings, startSiblings } from "../child/siblings.ts";

const open: Open = async (given, handled) => {
  const settings = { ...given, provider: providerOf(given) };
  const { held = false, chains = 1, processes = 1 } = settings;
  const hive = await hiveOf(settings, handled);
  await (held ? hive.setup() : hive.start());
  const endSiblings = await startSiblings(processes - 1, settings, handled);
  const eventOf = (body: Body): Event => eventTo(`A${body.sequence % chains}`, body, settings);
  return {
    push: (body) => hive.push(eventOf(body)),
    pushAll: (bodies) => hive.push(bodies.map(eventOf)),
    ...(held && { start: () => hive.start() }),
    async close() {
      await endSiblings();
      await hive.stop();
    },
  };
};

const sibling = siblingSettings();
if (sibling)
  await serveAsSibling(async (handled) => {
    const hive = await hiveOf(sibling, handled);
    await hive.start();
    return () => hive.stop();
  });
else serve(open);

function providerOf({ provider = "memory:", folder = "", port = 0 }: Settings): string {
  const fresh = randomUUID().replaceAll("-", "");
  return provider.replace("{folder}", folder).replace("{port}", String(port)).replace("{fresh}", fresh);
}

function hiveOf(settings: Settings, handled: Handled): Promise<Hive> {
  const { concurrency, provider, chains = 1 } = settings;
  return createHive({
    actors: Array.from({ length: chains }, (_, chain) => chainOf(chain, settings, handled)).flat(),
    provider,
    logger: silentLogger,
    defaults: { parallelism: concurrency },
    environment: {},
  });
}

/** Destination and sharing of events. */
type Way = Pick<Settings, "queues" | "byReference">;

/** Returns an event to its topic, which has its name, or to a simple queue. */
function eventTo(name: string, body: Body, { queues = false, byReference = false }: Way): Event {
  if (queues) return new Event(name, body, { queueName: name, byReference });
  return byReference ? new Event(name, body, { byReference }) : new Event(name, body);
}

function chainOf(chain: number, way: Way, handled: Handled): ActorClass[] {
  const [first, second, third] = [`A${chain}`, `B${chain}`, `C${chain}`];
  const subscription = (name: string): string => (way.queues ? name : `${name}-Work`);
  const publishes = (name: string): string[] => [way.queues ? `${name}-${name}` : name];

  @actorDescription(subscription(first), { publishes: publishes(second) })
  class First {
    async processAsync(event: Event): Promise<Event[]> {
      const body = event.getBody<Body>();
      handled(0, body);
      return [eventTo(second, body, way)];
    }
  }
  @actorDescription(subscription(second), { publishes: publishes(third) })
  class Second {
    async processAsync(event: Event): Promise<Event[]> {
      const body = event.getBody<Body>();
      handled(1, body);
      return [eventTo(third, body, way)];
    }
  }
  @actorDescription(subscription(third))
  class Third {
    async processAsync(event: Event): Promise<void> {
      handled(2, event.getBody<Body>());
    }
  }
  return [First, Second, Third];
}
