/**
 * A process that publishes to a kept topic, or totals its events, for tests that run several or kill some. Options are
 * JSON in the first argument. Prints `ready`, then `handled N` every 100 events, and ends by itself.
 */
import {
  actorDescription,
  collectionStore,
  createHive,
  Event,
  injects,
  silentLogger,
  type CollectionStore,
  type ProcessorActor,
} from "beehive-actors";

export interface LogWorkerOptions {
  readonly url: string;
  /** The sales to publish: from the first number up to the second. Without them it totals those of the log. */
  readonly sales?: readonly [from: number, to: number];
}

interface Sale {
  readonly product: string;
  readonly amount: number;
}

export interface Total {
  readonly id: string;
  readonly amount: number;
  readonly events: number;
  /** Depends on the order of the events. */
  readonly mark: number;
}

const Totals = collectionStore<Total>("Totals");
export const products = 50;

/** True in a process of its own. */
const runs = process.argv[1] === import.meta.filename;
let handled = 0;

@injects(Totals)
@actorDescription("Sale-Totals", { parallelism: 64, ordered: true })
export class TotalsActor implements ProcessorActor {
  constructor(private readonly totals: CollectionStore<Total>) {}

  async processAsync(event: Event<Sale>): Promise<void> {
    const { product, amount } = event.getBody();
    const total = (await this.totals.find(product)) ?? { amount: 0, events: 0, mark: 0 };
    await this.totals.upsert({
      id: product,
      amount: total.amount + amount,
      events: total.events + 1,
      mark: (total.mark * 31 + amount) % 1_000_003,
    });
    if (runs && ++handled % 100 === 0) console.log(`handled ${handled}`);
  }
}

export function sale(number: number): Event {
  const product = `product-${number % products}`;
  return new Event("Sale", { product, amount: (number * 7919) % 1_000 }, { partitionKey: product });
}

if (runs) {
  const { url, sales } = JSON.parse(process.argv[2] ?? "{}") as LogWorkerOptions;
  const actors = sales ? [] : [TotalsActor];
  const hive = await createHive({
    actors,
    publishes: ["Sale"],
    keep: { Sale: "forever" },
    provider: url,
    journal: false,
    logger: silentLogger,
  });
  await hive.start();
  console.log("ready");
  const [from, to] = sales ?? [0, 0];
  for (let at = from; at < to; at += 20)
    await hive.push(Array.from({ length: Math.min(20, to - at) }, (_, n) => sale(at + n)));
  if (!sales) await hive.whenIdle();
  await hive.stop();
}
