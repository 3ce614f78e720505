/** Prismo, an online shop: runs its actors on any provider, with given orders, and reports the outcome. */
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
import { chaos, retryAgainst } from "./chaos.ts";
import { prismoContainer } from "./container.ts";
import { acceptOrders, stockUp, type NewOrder, type NewProduct } from "./intake.ts";
import { summarise, type Summary } from "./summary.ts";
import { Tally, tallied } from "./tally.ts";

/** Lease in ms, renewed while an actor works. Short, so that the next run soon takes over from a killed one. */
export const defaultLease = 5_000;

/** Subject by which `beehive trace` finds an event: its order. */
export const journal: JournalOptions = {
  subject: (event: Event) => event.getBody<{ readonly orderId?: string }>().orderId,
};

export interface PrismoOptions {
  readonly provider: Provider;
  readonly seed?: number | undefined;
  /** Share of random failures of actors, 0 to 0.8. */
  readonly failureRate?: number | undefined;
  /** Events in work at the same time, for each subscription. */
  readonly parallelism?: number | undefined;
  /** Lease of an event, in ms. */
  readonly lease?: number | undefined;
  /** Counts events, for display. */
  readonly tally?: Tally | undefined;
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a run. */
export interface Report extends Summary {
  readonly events: number;
  readonly deadLetters: number;
  readonly durationMs: number;
}

/** Accepts the orders, runs until no work is left, and summarises the stores. */
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

/** Resolves when no work is left, or when the hive has stopped because `signal` aborted. */
async function idleUnless(hive: Hive, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const stop = (): void => void hive.stop();
  signal?.addEventListener("abort", stop, { once: true });
  await hive.whenIdle();
  signal?.removeEventListener("abort", stop);
}

/** Options of the shop's hive. */
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

/** Retried failures are normal here, so only errors are logged. */
const errorsOnly: Logger = { ...silentLogger, error: (fields, message) => console.error(message, fields) };
