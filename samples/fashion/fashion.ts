/** Runs the catalogue on any provider that keeps events, and deploys a new version of search while it works. */
import { Container, createHive, QueueName, type Event, type Hive, type Provider } from "beehive-actors";
import type { KafkaClient } from "beehive-actors/kafka";
import { Products, type Change } from "./events.ts";
import * as catalogue from "./hive.ts";
import { Catalogue } from "./kafka.ts";
import { forSale } from "./merging.ts";
import { metricsOf } from "./metrics.ts";
import { contentOf, NewIndex, newIndex, NewSearchActor } from "./search.ts";

export interface FashionOptions {
  readonly provider: Provider;
  /** Events of the brands. */
  readonly feed: readonly Event[];
  /** Where the topics are. @default in the provider */
  readonly kafka?: KafkaClient | undefined;
  /** Tells how the run goes on. */
  readonly say: (text: string) => void;
}

/** The outcome of a run, from the stores, the indexes and the log. */
export interface Report {
  /** Products for sale. */
  readonly products: number;
  /** Products that the live search finds. */
  readonly indexed: number;
  /** True if the rebuilt index finds what the live one finds. */
  readonly rebuiltEqual: boolean;
  readonly metrics: Readonly<Record<Change, number>>;
  /** Kept events that a subscription has not handled. */
  readonly lag: number;
  readonly durationMs: number;
}

const batches = 8;

export async function runFashion({ provider, feed, kafka, say }: FashionOptions): Promise<Report> {
  const started = performance.now();
  const [liveIndex, nextIndex] = [newIndex(), newIndex({ fuzzy: 0.2, prefix: true })];
  const { hive: _, keep, containerOf, ...actors } = catalogue;
  const inKafka = kafka && new Catalogue(kafka);
  await using live = await createHive({
    actors: [actors, inKafka?.parts.sink ?? []],
    sources: inKafka?.parts.sources,
    provider,
    keep,
    container: containerOf(liveIndex),
  });
  const container = new Container();
  container.bind(NewIndex).toConstantValue(nextIndex);
  await using next = await createHive({ actors: NewSearchActor, provider, keep, container });

  await forgetIndexes(provider);
  await live.start();
  const running = [live];
  const size = Math.max(1, Math.ceil(feed.length / batches));
  for (let from = 0; from < feed.length; from += size) {
    if (running.length === 1 && from >= feed.length / 2) {
      await inKafka?.isRead(provider);
      await live.whenIdle();
      await next.start();
      running.push(next);
      say(`A new version of search is deployed and reads from the beginning; ${behindText(await behind([next]))}`);
    }
    const lines = feed.slice(from, from + size);
    await (inKafka ? inKafka.write(lines) : live.push(lines));
    say(`${Math.min(feed.length, from + size)} lines of brands; ${behindText(await behind(running))}`);
  }
  await inKafka?.isRead(provider);
  for (const hive of running) await hive.whenIdle();
  const lags = await behind(running);
  say(`All is read; ${behindText(lags)}`);

  return {
    products: await productsIn(live),
    indexed: liveIndex.documentCount,
    rebuiltEqual: contentOf(nextIndex) === contentOf(liveIndex),
    metrics: await metricsOf(provider.stores.counters),
    lag: [...lags.values()].reduce((sum, count) => sum + count, 0),
    durationMs: Math.round(performance.now() - started),
  };
}

/** Deletes the subscriptions of earlier processes: an index is in memory, so its subscription begins with it. */
async function forgetIndexes({ queues }: Provider): Promise<void> {
  for (const search of ["ProductEnriched-Search", "ProductEnriched-Search2"])
    await queues.delete(QueueName.parse(search));
}

async function behind(hives: readonly Hive[]): Promise<ReadonlyMap<string, number>> {
  const counts = hives.flatMap((hive) =>
    hive.descriptors.map(async ({ name, queueName }) => {
      const { behind: count } = await hive.queue(String(queueName)).position();
      return [name, count] as const;
    }),
  );
  return new Map(await Promise.all(counts));
}

function behindText(lags: ReadonlyMap<string, number>): string {
  const late = [...lags].filter(([, count]) => count > 0).map(([actor, count]) => `${actor} ${count}`);
  return late.length === 0 ? "no actor is behind" : `behind: ${late.join(", ")}`;
}

async function productsIn(hive: Hive): Promise<number> {
  let count = 0;
  for await (const product of hive.store(Products).all()) if (forSale(product)) count++;
  return count;
}

/** Returns the violated invariants, in words. */
export async function problemsOf({ products, indexed, rebuiltEqual, metrics, lag }: Report, hive: Provider) {
  const { added, withdrawn } = metrics;
  const counted = Object.values(metrics).reduce((sum, count) => sum + count, 0);
  const published = (await hive.queues.log?.range(QueueName.topic("ProductEnriched")))?.next ?? 0;
  return [
    ...when(indexed !== products, `${indexed} of ${products} products are in the index`),
    ...when(!rebuiltEqual, "the rebuilt index differs from the live one"),
    ...when(added - withdrawn !== products, `${added} products were added and ${withdrawn} withdrawn`),
    ...when(counted !== published, `${counted} of ${published} events are counted`),
    ...when(lag > 0, `${lag} events are not read`),
  ];
}

function when(wrong: boolean, problem: string): string[] {
  return wrong ? [problem] : [];
}
