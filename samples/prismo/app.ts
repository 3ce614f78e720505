/** Prismo, an online shop: its actors on any provider, the orders it is given, and what became of them. */
import {
  createHive,
  silentLogger,
  type Event,
  type Hive,
  type HiveOptions,
  type JournalOptions,
  type Logger,
  type Provider,
} from "beehive-actors";
import * as actors from "./actors/index.ts";
import { prismoContainer } from "./container.ts";
import { chaos, retryAgainst } from "./chaos.ts";
import { acceptOrders, stockUp, type NewOrder, type NewProduct } from "./intake.ts";
import { summarise, type Summary } from "./summary.ts";
import { Tally, tallied } from "./tally.ts";

/** Renewed while an actor works; short, so that a run that was killed is soon taken up by the next. In ms. */
export const defaultLease = 5_000;

/** What `beehive trace` finds an event by: its order. */
export const journal: JournalOptions = {
  subject: (event: Event) => event.getBody<{ readonly orderId?: string }>().orderId,
};

export interface PrismoOptions {
  readonly provider: Provider;
  readonly seed?: number | undefined;
  /** How often an actor fails for no reason, 0 to 0.8. */
  readonly failureRate?: number | undefined;
  /** How many events each subscription works on at the same time. */
  readonly parallelism?: number | undefined;
  /** How long an event is taken out for at a time, in ms. */
  readonly lease?: number | undefined;
  /** Counts what happens, for those who watch. */
  readonly tally?: Tally | undefined;
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined;
}

/** How a run went. */
export interface Report extends Summary {
  readonly events: number;
  readonly deadLetters: number;
  readonly durationMs: number;
}

/** Takes the orders in, works until nothing is left to do and looks at what is in the stores then. */
export async function runPrismo(
  orders: Iterable<NewOrder>,
  products: Iterable<NewProduct>,
  options: PrismoOptions,
): Promise<Report> {
  const tally = options.tally ?? new Tally();
  const hive = await createHive(prismo(options, tally));
  const started = performance.now();
  try {
    await hive.setup();
    await stockUp(hive.provider.stores, products);
    await hive.start();
    await acceptOrders(hive, orders, options.signal);
    await idleUnless(hive, options.signal);
  } finally {
    await hive.stop();
  }
  const durationMs = performance.now() - started;
  const deadLetters = await countDeadLetters(hive);
  return { ...(await summarise(hive.provider.stores)), events: tally.total, deadLetters, durationMs };
}

/** Resolves when nothing is left to do, or when the hive has stopped because `signal` aborted. */
async function idleUnless(hive: Hive, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const stop = (): void => void hive.stop();
  signal?.addEventListener("abort", stop, { once: true });
  await hive.whenIdle();
  signal?.removeEventListener("abort", stop);
}

/** What the hive of a shop is made of. */
function prismo(
  { provider, seed = 1, failureRate = 0, parallelism, lease = defaultLease }: PrismoOptions,
  tally: Tally,
): HiveOptions {
  return {
    actors,
    provider,
    container: prismoContainer(seed),
    journal,
    defaults: {
      lease,
      ...(parallelism === undefined ? {} : { parallelism }),
      ...(failureRate > 0 ? { retry: retryAgainst(failureRate) } : {}),
      middleware: [tallied(tally), ...(failureRate > 0 ? [chaos(failureRate, seed)] : [])],
    },
    logger: errorsOnly,
  };
}

async function countDeadLetters(hive: Hive): Promise<number> {
  const counts = await Promise.all(hive.descriptors.map(({ queueName }) => hive.queue(queueName.toString()).counts()));
  return counts.reduce((sum, { dead }) => sum + dead, 0);
}

/** Failures that are retried are all in a day's work here. */
const errorsOnly: Logger = { ...silentLogger, error: (fields, message) => console.error(message, fields) };
