import { sleep, type Clock } from "../../../src/base/clock.ts";
import type {
  ClearedStore,
  KeptEvent,
  LogPosition,
  LogRange,
  LogRequest,
  ReplayedOutputs,
  StartPosition,
  TopicLog,
} from "../../../src/contract/topic-log.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noDestination, noQueue, notKept, placeTaken, unreadBefore } from "../../../src/provider-kit/errors.ts";
import { tablesOf, type TableRange } from "../../../src/provider-kit/row-stores/index.ts";
import { startOf, type Destination } from "./destination.ts";
import type { KeptEvents } from "./kept-events.ts";
import type { MemoryQueue } from "./queue.ts";

/** The tables of the stores. */
export interface Tables {
  count(range: TableRange): number;
  clear(range: TableRange): void;
}

/** The kept events of all topics in memory. */
export class MemoryTopicLog implements TopicLog {
  readonly #clock: Clock;
  readonly #destinations: ReadonlyMap<string, Destination>;
  readonly #tables: Tables;

  constructor(clock: Clock, destinations: ReadonlyMap<string, Destination>, tables: Tables) {
    this.#clock = clock;
    this.#destinations = destinations;
    this.#tables = tables;
  }

  async topics(): Promise<readonly QueueName[]> {
    return [...this.#destinations].filter(([, { log }]) => log).map(([name]) => QueueName.parse(name));
  }

  async range(topic: QueueName): Promise<LogRange> {
    return this.#log(topic).range;
  }

  async positionAt(topic: QueueName, time: number): Promise<number> {
    return this.#log(topic).positionAt(time);
  }

  async read(topic: QueueName, { from, limit, key }: LogRequest): Promise<readonly KeptEvent[]> {
    return this.#log(topic).read(from, limit, key);
  }

  async wait(topic: QueueName, position: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const log = this.#log(topic);
    if (signal.aborted || log.range.next > position) return;
    const over = new AbortController();
    const forget = log.onAppend(() => over.abort());
    await sleep(this.#clock, waitMs, AbortSignal.any([signal, over.signal]));
    forget();
  }

  async position(subscription: QueueName): Promise<LogPosition> {
    return this.#queue(subscription).behind();
  }

  async rewind(
    subscription: QueueName,
    to: StartPosition,
    outputs: ReplayedOutputs,
    clear: readonly ClearedStore[] = [],
  ): Promise<void> {
    const queue = this.#queue(subscription);
    const log = this.#log(subscription.destination);
    for (const range of clear.flatMap(tablesOf)) this.#tables.clear(range);
    queue.rewind(startOf(log, to), outputs, to === "latest-per-key" ? log.latestPerKey() : []);
  }

  async countItems(store: ClearedStore): Promise<number> {
    return this.#tables.count(tablesOf(store)[0] as TableRange);
  }

  async restore(topic: QueueName, events: readonly KeptEvent[]): Promise<void> {
    const log = this.#log(topic);
    const problem = this.#destinations.get(String(topic))?.restore(log, events);
    if (problem === "taken") throw placeTaken(topic, log.range.next);
    if (problem === "unread") throw unreadBefore(topic);
  }

  async trim(): Promise<void> {
    for (const destination of this.#destinations.values()) destination.trim();
  }

  #log(topic: QueueName): KeptEvents {
    const destination = this.#destinations.get(String(topic));
    if (!destination) throw noDestination(topic);
    if (!destination.log) throw notKept(topic);
    return destination.log;
  }

  #queue(subscription: QueueName): MemoryQueue {
    const queue = this.#destinations.get(String(subscription.destination))?.queues.get(subscription.subscription);
    if (!queue) throw noQueue(subscription);
    if (!queue.followsLog) throw notKept(subscription.destination);
    return queue;
  }
}
