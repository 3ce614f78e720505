import type { ActorDescriptor, ProcessorActor } from "../../actors/actor.ts";
import { destination, isStart } from "../../actors/descriptor.ts";
import { runThrough } from "../../actors/middleware/run-through.ts";
import { collect } from "../../actors/output.ts";
import { resolveActors } from "../../actors/resolve-actors.ts";
import { systemClock, type Clock } from "../../base/clock.ts";
import { errorNameOf, messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { Latch } from "../../base/latch.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../base/logger.ts";
import { numberProblems, wholeNumber } from "../../base/numbers.ts";
import { throwProblems } from "../../base/problems.ts";
import type { Provider } from "../../contract/provider.ts";
import type { TopicLog } from "../../contract/topic-log.ts";
import { Delivery } from "../../delivery/delivery.ts";
import { disposeActor, isDisposable } from "../../delivery/disposal.ts";
import { stampOutputs } from "../../delivery/stamp.ts";
import type { Event } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";
import { assertReadable } from "../../events/unreadable.ts";
import { clearedStores, type StoreToClear } from "../../hive/cleared-stores.ts";
import { HiveLog, logOf, type LoggedEvent } from "../../hive/hive-log.ts";
import type { HiveOptions } from "../../hive/options.ts";
import { ActorContainer } from "../../actors/injection/container.ts";
import { RowStores, tablesOf } from "../../provider-kit/row-stores/index.ts";
import { compareOutputs } from "./compare-outputs.ts";
import { compareWrites } from "./compare-writes.ts";
import { OverlayRows } from "./overlay-rows.ts";
import { PastOutputs } from "./past-outputs.ts";
import { Differences, noCounts, type ReplayReport } from "./report.ts";

/** The actor of a replay, and the part of the past that it runs over. */
export interface ReplayOptions extends Pick<
  HiveOptions,
  "actors" | "defaults" | "overrides" | "container" | "resolve" | "logger"
> {
  /** The provider that holds the past. */
  readonly provider: Provider;
  /** The subscription whose past it is. `actors` has one for it, or a single one for its topic. */
  readonly subscription: string;
  /** The first position, or the time from which events were published. @default "beginning" */
  readonly from?: Date | number | "beginning" | undefined;
  /** The end, exclusive. @default What the subscription has leased so far; the newest event where there is none. */
  readonly to?: Date | number | undefined;
  /** Stores that it begins with empty, as a rebuild does. Others are read as they are now. @default None. */
  readonly clear?: readonly StoreToClear[] | undefined;
  /** The most differences to list. @default 100 */
  readonly maxDifferences?: number | undefined;
  /** Ends it early, with an error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a version of an actor over the past, and compares its results.
 *
 * Outputs are compared with the log, and writes with the stores. Commits nothing: writes stay in memory, outputs are
 * published nowhere. Calls to other systems do happen; an actor leaves them out when `context.replayed` is set. Events
 * run one after the other, in the order of the log, and `context.clock` tells the time when each was published.
 *
 * @throws BeeHiveError `InvalidState` where events are not kept or stores cannot be read this way,
 *   `InvalidConfiguration` for a wrong option.
 * @example
 * const { differences } = await replay({ provider, actors: NewTotals, subscription: "OrderAccepted-Totals", clear: [Totals] });
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  throwProblems(problemsOf(options), "The replay cannot run");
  const { provider, signal, clear = [], maxDifferences = 100 } = options;
  const name = QueueName.parse(options.subscription);
  const log = logOf(provider);
  const { stores } = provider;
  if (!(stores instanceof RowStores))
    throw new BeeHiveError(
      "InvalidState",
      `A replay on ${provider.name} cannot keep its writes apart from the stores.`,
    );
  const descriptor = actorOf(await resolveActors(options), name);
  const past = new HiveLog(name.destination, log, signal ?? new AbortController().signal);
  const { first } = await past.range();
  const from = options.from === undefined || options.from === "beginning" ? first : options.from;
  const to = options.to ?? (await endOf(log, name, provider));

  const outputsOfPast = await outputsOf(provider, log, past, { from, to }, name, descriptor);
  const emptied = clearedStores(provider, clear).flatMap(tablesOf);
  const differences = new Differences(maxDifferences);
  const [outputs, writes] = [noCounts(), noCounts()];
  const run = new Run(descriptor, name, provider, new OverlayRows(stores.rows, [...emptied, ownLocks]), options);
  const kept = new Set((await log.topics()).map(String));
  const notCompared: Record<string, number> = {};
  const counts = { events: 0, failures: 0, from: -1, to: -1 };
  try {
    for await (const one of past.read({ from, to })) {
      signal?.throwIfAborted();
      counts.events++;
      if (counts.from < 0) counts.from = one.position;
      counts.to = one.position + 1;
      const made = await untilAborted(run.over(one), signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        counts.failures++;
        const { position, event } = one;
        const texts = { error: errorNameOf(error), message: messageOf(error) };
        differences.add({ kind: "failure", position, eventId: event.id, ...texts });
      });
      if (!made) continue;
      for (const { queueName } of made)
        if (!kept.has(queueName)) notCompared[queueName] = (notCompared[queueName] ?? 0) + 1;
      const comparable = made.filter(({ queueName }) => kept.has(queueName));
      const was = outputsOfPast.of(one.event, new Set(comparable.map(({ id }) => id)));
      compareOutputs(one, was, comparable, outputs, differences);
    }
  } finally {
    await run.close();
  }
  await compareWrites(stores.rows, run.overlay, emptied, writes, differences);
  return {
    subscription: name.toString(),
    actor: descriptor.name,
    ...counts,
    from: Math.max(counts.from, 0),
    to: Math.max(counts.to, 0),
    outputs,
    notCompared,
    writes,
    notes: notesOf(run.overlay),
    differences: differences.list,
  };
}

/** Returns the outcome of `work`, or rejects when the signal aborts: an actor may never end. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  const over = new Latch<void>();
  const abort = (): void => over.resolve();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, over.promise.then((): never => signal.throwIfAborted() as never)]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Locks of a replay hold up nobody, and wait for nobody. */
const ownLocks = { from: "lock", to: "lock\u0001" };

/** Runs an actor over single events, with its writes kept in an overlay. */
class Run {
  readonly overlay: OverlayRows;
  readonly #descriptor: ActorDescriptor;
  readonly #subscription: QueueName;
  readonly #atomic: boolean;
  readonly #container: ActorContainer;
  readonly #logger: Logger;

  constructor(
    descriptor: ActorDescriptor,
    subscription: QueueName,
    { capabilities }: Provider,
    overlay: OverlayRows,
    { container, resolve, logger = standardErrorLogger }: ReplayOptions,
  ) {
    this.overlay = overlay;
    this.#descriptor = descriptor;
    this.#subscription = subscription;
    this.#atomic = capabilities.atomicStep === true;
    this.#logger = safeLogger(logger);
    this.#container = new ActorContainer(new RowStores(overlay, systemClock), container, resolve);
    this.#container.check([descriptor], this.#logger);
  }

  /** Returns the outputs. An actor that throws has written nothing. */
  async over({ position, published, event: kept }: LoggedEvent): Promise<readonly Event[]> {
    const event = kept.with({ queueName: this.#subscription.toString() });
    assertReadable(event);
    const clock: Clock = { now: () => published.getTime(), after: (ms, callback) => systemClock.after(ms, callback) };
    const layer = new OverlayRows(this.overlay);
    const stores = new RowStores(layer, clock);
    const more: Event[] = [];
    stores.transact = (name, work) => work(stores.collection(name), (output) => void more.push(output));
    const replayed = { position, rewind: 0, outputs: "drop" } as const;
    const queueName = this.#subscription;
    const times = { attempt: 1, firstSeen: published.getTime(), expiresAt: Infinity };
    // A replay starts no children.
    const home = { descriptor: this.#descriptor, clock, logger: this.#logger, stores, spawn: () => false };
    const delivery = new Delivery({ event, queueName, replayed, ...times }, home);
    const step = { stores, cancel: () => {}, commit: async () => {}, discard: () => {} };
    const actor = await this.#container.resolve<ProcessorActor>(this.#descriptor, step, delivery);
    try {
      const returned = await runThrough(this.#descriptor.middleware, actor, event, delivery);
      const rules = { clock, atomic: this.#atomic, inheritPartitionKey: this.#descriptor.inheritPartitionKey };
      const own = await collect(returned, delivery);
      delivery.endCalls();
      const outputs = stampOutputs(event, [...own, ...more], {}, rules);
      this.overlay.absorb(layer);
      // Events with delivery "log" may be lost at any time.
      return outputs.filter((output) => output.delivery === "business");
    } finally {
      delivery.closeCalls();
      stores.close();
      if (isDisposable(actor)) await disposeActor(actor, this.#logger);
    }
  }

  close(): Promise<void> {
    return this.#container.close();
  }
}

/** Reads the outputs that the past has of the inputs. */
async function outputsOf(
  { queues }: Provider,
  log: TopicLog,
  past: HiveLog,
  part: { readonly from: Date | number; readonly to: Date | number },
  subscription: QueueName,
  { publishes }: ActorDescriptor,
): Promise<PastOutputs> {
  const causes = new Set<string>();
  let since = Infinity;
  for await (const { published, event } of past.read(part)) {
    causes.add(event.id);
    since = Math.min(since, published.getTime());
  }
  const names = (await queues.names?.()) ?? [];
  const others = names.filter(
    (name) => String(name) !== String(subscription) && String(name.destination) === String(subscription.destination),
  );
  return await PastOutputs.read(log, causes, since, { subscription, others, publishes });
}

/** Returns the position up to which a subscription has leased. Without one: the next position. */
async function endOf(log: TopicLog, name: QueueName, { queues }: Provider): Promise<number> {
  const missing = await queues.missing([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 10 }]);
  return missing.length === 0 ? (await log.position(name)).position : (await log.range(name.destination)).next;
}

function actorOf(descriptors: readonly ActorDescriptor[], name: QueueName): ActorDescriptor {
  const exact = descriptors.find(({ queueName }) => String(queueName) === String(name));
  const ofTopic = descriptors.filter(({ queueName }) => String(queueName.destination) === String(name.destination));
  const found = exact ?? (ofTopic.length === 1 ? ofTopic[0] : undefined);
  if (found?.batch)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${found.name} takes its events in batches, whose borders the past does not tell; a replay runs single events.`,
    );
  if (found) return found;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `No actor reads ${name}. There are: ${descriptors.map(({ queueName }) => queueName).join(", ") || "none"}.`,
  );
}

function notesOf(overlay: OverlayRows): string[] {
  const written = new Set(overlay.written.map(({ key }) => key.table));
  const asNow = [...overlay.readThrough].filter((table) => written.has(table) && !table.endsWith(".once"));
  if (asNow.length === 0) return [];
  return [`${asNow.join(", ")}: read as it is now and written; to derive it from nothing, clear it.`];
}

function problemsOf(options: ReplayOptions): string[] {
  const { from, to, maxDifferences = 100, subscription } = options;
  const places = Object.entries({ from: from === "beginning" ? 0 : from, to }).filter(
    ([, place]) => place !== undefined && (typeof place === "string" || !isStart(place)),
  );
  return [
    ...places.map(([name]) => `${name} must be a date or a position`),
    ...numberProblems("maxDifferences", maxDifferences, wholeNumber(0)),
    ...(QueueName.parse(subscription).kind === "subscription"
      ? []
      : [`${subscription} is no subscription; name one of ${destination(subscription)}`]),
  ];
}
