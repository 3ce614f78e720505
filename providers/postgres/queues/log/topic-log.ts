import type { Clock } from "../../../../src/base/clock.ts";
import type { PeekRequest, QueuedEvent } from "../../../../src/contract/queue-operator.ts";
import type {
  ClearedStore,
  KeptEvent,
  LogPosition,
  LogRange,
  LogRequest,
  ReplayedOutputs,
  StartPosition,
  TopicLog,
} from "../../../../src/contract/topic-log.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { areBehind, noDestination, notKept, placeTaken, unreadBefore } from "../../../../src/provider-kit/errors.ts";
import { tablesOf, type TableRange } from "../../../../src/provider-kit/row-stores/index.ts";
import type { PostgresClient } from "../../client.ts";
import { bytesArray } from "../../database/value.ts";
import { messageOf, readMessage, type MessageRow } from "../message.ts";
import { messageCounts } from "../state.ts";
import { followersOf, type Topology } from "../topology.ts";
import type { Waiting } from "../waiting.ts";
import { oldestQueued, oldestUnread, unreadCount } from "./lag.ts";
import { startOf } from "./parameters.ts";

/** The parts that the log works with. */
export interface TopicLogParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly serverClock: Clock;
  readonly topology: Topology;
  readonly waiting: Waiting;
  /** Returns the time after which a follower looks by itself, in ms. */
  readonly waitMs: () => number;
  /** Wakes the polls of a subscription, here and in other processes. */
  readonly said: (subscription: number) => void;
}

interface LogRow extends MessageRow {
  readonly position: number;
  readonly published: number;
}

/** Events that one statement removes of each topic. */
const maxTrimmed = 5_000;

/** Events that a peek searches for an id. */
const maxSearched = 10_000;

/** The kept events of all topics, in one table. The position of an event is in the order of commits. */
export class PostgresTopicLog implements TopicLog {
  readonly #parts: TopicLogParts;

  constructor(parts: TopicLogParts) {
    this.#parts = parts;
  }

  async topics(): Promise<readonly QueueName[]> {
    const { rows } = await this.#parts.client.query<{ readonly name: string }>(
      "SELECT name FROM beehive.destinations WHERE id IN (SELECT destination FROM beehive.kept_topics) ORDER BY id",
    );
    return rows.map(({ name }) => QueueName.parse(name));
  }

  async range(topic: QueueName): Promise<LogRange> {
    const { rows } = await this.#parts.client.call<LogRange>("range_1", [await this.#destination(topic)]);
    if (rows[0]) return rows[0];
    throw notKept(topic);
  }

  async positionAt(topic: QueueName, time: number): Promise<number> {
    await this.range(topic);
    const values = [await this.#destination(topic), Math.ceil(time)];
    const { rows } = await this.#parts.client.call<{ readonly t: number }>("position_at_1", values);
    return rows[0]?.t ?? 0;
  }

  async read(topic: QueueName, { from, limit, key }: LogRequest): Promise<readonly KeptEvent[]> {
    const values = [await this.#destination(topic), Math.max(from, 0), limit, key ?? null];
    const { rows } = await this.#parts.client.call<LogRow>("read_log_1", values);
    if (rows.length === 0) await this.range(topic);
    const queueName = topic.toString();
    return rows.map((row) => ({
      position: row.position,
      published: row.published,
      event: readMessage(row, queueName).event,
    }));
  }

  async wait(topic: QueueName, position: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock, waiting } = this.#parts;
    const id = followersOf(await this.#destination(topic));
    const until = clock.now() + Math.min(waitMs, this.#parts.waitMs());
    // It waits from before the look, so that it is told of what is published meanwhile.
    const over = new AbortController();
    const told = waiting.wait({ id }, { max: 0, leaseMs: 0, until, signal: AbortSignal.any([signal, over.signal]) });
    try {
      if (signal.aborted || (await this.range(topic)).next > position) over.abort();
    } catch (error) {
      over.abort();
      throw error;
    } finally {
      await told;
    }
  }

  async position(name: QueueName): Promise<LogPosition> {
    const { client, topology } = this.#parts;
    const subscription = await topology.subscription(name);
    const { rows } = await client.query<{ readonly position: number }>(
      "SELECT position FROM beehive.readers WHERE subscription = $1",
      [subscription.id],
    );
    if (!rows[0]) throw notKept(name.destination);
    const { ready, leased, delayed } = await messageCounts(client, subscription);
    const behind = ready + leased + delayed + (await unreadCount(client, subscription));
    const oldest = (await oldestQueued(client, subscription)) ?? (await oldestUnread(client, subscription));
    return { position: rows[0].position, behind, oldest };
  }

  /** Returns events of the log that are not in the queue of a subscription yet. */
  async peek(name: QueueName, { id }: PeekRequest, limit: number): Promise<readonly QueuedEvent[]> {
    const { position } = await this.position(name);
    const now = this.#parts.serverClock.now();
    const kept = await this.read(name.destination, { from: position, limit: id === undefined ? limit : maxSearched });
    const wanted = kept.filter(({ event }) => id === undefined || event.id === id).slice(0, limit);
    return wanted.map(({ event }) => {
      const time = event.enqueueTime?.getTime() ?? 0;
      const dueAt = time > now ? time : undefined;
      const own = event.with({ queueName: name.toString() });
      return { event: own, state: dueAt === undefined ? "ready" : "delayed", dueAt, attempts: 0 };
    });
  }

  async rewind(
    name: QueueName,
    to: StartPosition,
    outputs: ReplayedOutputs,
    clear: readonly ClearedStore[] = [],
  ): Promise<void> {
    const { client, topology, said } = this.#parts;
    const { id } = await topology.subscription(name);
    const { from, at } = startOf(to);
    const tables = clear.flatMap(tablesOf);
    const cleared = [tables.map((range) => range.from), tables.map((range) => range.to)];
    const values = [client.lockKey, id, from, at, outputs, ...cleared];
    const { rows } = await client.call<{ readonly t: boolean }>("rewind_1", values);
    if (rows[0]?.t !== true) throw notKept(name.destination);
    said(id);
  }

  async restore(topic: QueueName, events: readonly KeptEvent[]): Promise<void> {
    const { client, said } = this.#parts;
    const id = await this.#destination(topic);
    const { next } = await this.range(topic);
    if (!areBehind(next, events)) throw placeTaken(topic, next);
    const rows = events.map(({ event }) => messageOf(event));
    const { rows: answers } = await client.call<{ readonly t: string | null }>("restore_1", [
      client.lockKey,
      id,
      events.map(({ position }) => position),
      events.map(({ published }) => published),
      events.map(({ event }) => event.enqueueTime?.getTime() ?? null),
      events.map(({ event }) => event.partitionKey ?? null),
      rows.map(({ event }) => event),
      rows.map(({ body }) => body),
      bytesArray(rows.map(({ bytes }) => bytes)),
    ]);
    const problem = answers[0]?.t;
    if (problem === "kept") throw notKept(topic);
    if (problem === "unread") throw unreadBefore(topic);
    if (problem === "taken") throw placeTaken(topic, (await this.range(topic)).next);
    said(followersOf(id));
  }

  async countItems(store: ClearedStore): Promise<number> {
    const { from, to } = tablesOf(store)[0] as TableRange;
    const { rows } = await this.#parts.client.query<{ readonly count: number }>(
      "SELECT count(*) AS count FROM beehive.items WHERE store >= $1 AND store < $2",
      [from, to],
    );
    return rows[0]?.count ?? 0;
  }

  async trim(): Promise<void> {
    const { client } = this.#parts;
    for (;;) {
      const values = [client.lockKey, maxTrimmed, false];
      const { rows } = await client.call<{ readonly t: boolean }>("trim_1", values);
      if (rows[0]?.t !== true) return;
    }
  }

  async #destination(topic: QueueName): Promise<number> {
    const found = await this.#parts.topology.findDestination(topic);
    if (found) return found.id;
    throw noDestination(topic);
  }
}
