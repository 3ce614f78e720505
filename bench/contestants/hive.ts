/** BeeHive as it is: leases, injection, deterministic ids, deduplication, telemetry as a no-op. */
import { actorDescription, createHive, Event, silentLogger, type ActorClass } from "beehive-actors";
import type { Body } from "../child/body.ts";
import type { Handled } from "../child/hops.ts";
import { serve } from "../child/serve.ts";

serve(
  async (
    {
      concurrency,
      provider = "memory:",
      folder = "",
      port = 0,
      held = false,
      chains = 1,
      queues = false,
      byReference = false,
    },
    handled,
  ) => {
    const topics = Array.from({ length: chains }, (_, chain) => `A${chain}`);
    const hive = await createHive({
      actors: topics.flatMap((_, chain) => chainOf(chain, { queues, byReference }, handled)),
      provider: provider.replace("{folder}", folder).replace("{port}", String(port)),
      logger: silentLogger,
      defaults: { parallelism: concurrency },
      environment: {},
    });
    await (held ? hive.setup() : hive.start());
    const eventOf = (body: Body): Event => eventTo(topics[body.sequence % chains] ?? "", body, { queues, byReference });
    return {
      push: (body) => hive.push(eventOf(body)),
      pushAll: (bodies) => hive.push(bodies.map(eventOf)),
      ...(held && { start: () => hive.start() }),
      close: () => hive.stop(),
    };
  },
);

/** Destination and sharing of events. */
interface Way {
  readonly queues: boolean;
  readonly byReference: boolean;
}

/** Returns an event to its topic, which has its name, or to a simple queue. */
function eventTo(name: string, body: Body, { queues, byReference }: Way): Event {
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
