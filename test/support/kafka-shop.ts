/** A hive that reads a topic of Kafka, and what its actor has seen. */
import { actorDescription } from "../../src/actors/actor.ts";
import { silentLogger, type Logger } from "../../src/base/logger.ts";
import { createHive, type Hive, type HiveOptions } from "../../src/hive/hive.ts";
import type { Event } from "../../src/events/event.ts";
import { kafkaSource, type KafkaSource, type KafkaSourceOptions } from "../../integrations/kafka/source.ts";

export interface Shop extends AsyncDisposable {
  readonly hive: Hive;
  readonly source: KafkaSource;
  /** The events that the actor was given, in order. */
  readonly seen: readonly Event[];
  /** Resolves when the actor has seen so many. */
  sees(count: number): Promise<readonly Event[]>;
}

export type ShopOptions = Partial<KafkaSourceOptions> &
  Pick<KafkaSourceOptions, "client"> & {
    readonly provider?: HiveOptions["provider"];
    readonly logger?: Logger;
    readonly codec?: HiveOptions["codec"];
    readonly process?: (event: Event) => Promise<void>;
  };

/** Starts a hive with a source that reads `orders` to `OrderPlaced-`, and an actor on it. */
export async function openShop(options: ShopOptions): Promise<Shop> {
  const { provider = "memory:", logger = silentLogger, codec, process, ...rest } = options;
  const seen: Event[] = [];
  class Pack {
    async processAsync(event: Event): Promise<void> {
      await process?.(event);
      seen.push(event);
    }
  }
  actorDescription("OrderPlaced-Pack", { ordered: true, parallelism: 50 })(Pack);
  const source = kafkaSource({ topic: "orders", group: "shop", to: "OrderPlaced-", from: "beginning", ...rest });
  const hive = await createHive({ actors: [Pack], sources: [source], provider, logger, codec });
  await hive.start();
  return {
    hive,
    source,
    seen,
    async sees(count) {
      await until(() => seen.length >= count);
      return seen;
    },
    [Symbol.asyncDispose]: () => hive.stop(),
  };
}

/** Resolves when a condition holds; the limit of the test ends a wait without an end. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Returns `count` records with the numbers from `first` on as their bodies, each of a key of its own. */
export function numbered(count: number, first = 0): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, n) => ({ key: `k${first + n}`, value: JSON.stringify({ n: first + n }) }));
}

/** Returns the numbers in the bodies of events, sorted. */
export function numbersOf(events: readonly Event[]): number[] {
  return events.map((event) => event.getBody<{ n: number }>().n).toSorted((a, b) => a - b);
}

/** Returns the whole numbers from 0 up to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
