import { isBeeHiveError } from "../../base/errors.ts";
import type { CollectionStore, Identified, Stored, Stores } from "../../contract/stores.ts";
import type { KeepRule, ReplayedOutputs, StartPosition } from "../../contract/topic-log.ts";
import { QueueName } from "../../events/queue-name.ts";
import { archiveName } from "./parts.ts";

/*
 * The state of archives: an item for each kept topic, and one for each subscription that was sent the past. Their ids are
 * the names, so that a topic and its subscriptions are beside each other.
 */

/** A kept topic with its rule. `null` stands for no bound, since JSON has no infinity. */
export interface TopicItem extends Identified {
  readonly forMs: number | null;
  readonly maxBytes: number | null;
  readonly compact: boolean;
  readonly evenUnread: boolean;
  /** The position up to which the topic was compacted. */
  readonly compactedTo?: number;
}

/** A way of a subscription through the past. */
export interface Replay extends Identified {
  /** Counts the rewinds of the subscription; 0 for the start of a new one. */
  readonly rewind: number;
  /** Where it starts; a date in ms since the epoch as `{ time }`. */
  readonly to: "now" | "beginning" | "latest-per-key" | number | { readonly time: number };
  /** `null` for the start of a new subscription, whose events are no replay. */
  readonly outputs: ReplayedOutputs | null;
  /** `asked`: the subscription still has its own events. `sending`: it gets those of the log. */
  readonly phase: "asked" | "sending" | "done";
  /** The position of the next event to send, and the end. */
  readonly next: number;
  readonly until: number;
  /** When it was asked for, in ms since the epoch. */
  readonly askedAt: number;
}

/** Reads and writes the items. */
export class ArchiveState {
  readonly #items: CollectionStore<TopicItem>;
  readonly #replays: CollectionStore<Replay>;

  constructor(stores: Pick<Stores, "collection">) {
    this.#items = stores.collection<TopicItem>(archiveName);
    this.#replays = stores.collection<Replay>(archiveName);
  }

  async keep(topic: QueueName, { forMs, maxBytes, compact, evenUnread }: KeepRule): Promise<void> {
    const id = String(topic);
    const known = await this.#items.find(id);
    const rule = { forMs: finite(forMs), maxBytes: finite(maxBytes), compact, evenUnread };
    const item: TopicItem = { ...known, id, ...rule };
    const names = ["forMs", "maxBytes", "compact", "evenUnread"] as const;
    if (!known || names.some((name) => known[name] !== item[name])) await this.#items.upsert(item);
  }

  async rule(topic: QueueName): Promise<KeepRule | undefined> {
    const item = await this.#items.find(String(topic));
    if (!item) return undefined;
    const { forMs, maxBytes, compact, evenUnread } = item;
    return { forMs: forMs ?? Infinity, maxBytes: maxBytes ?? Infinity, compact, evenUnread };
  }

  /** Returns the position up to which a topic was compacted. */
  async compactedTo(topic: QueueName): Promise<number> {
    return (await this.#items.find(String(topic)))?.compactedTo ?? 0;
  }

  /** Notes a compaction. @throws BeeHiveError `NotFound`. */
  async compacted(topic: QueueName, compactedTo: number): Promise<void> {
    const { etag: _, ...item } = await this.#items.get(String(topic));
    await this.#items.update({ ...item, compactedTo });
  }

  async topics(): Promise<readonly QueueName[]> {
    const topics: QueueName[] = [];
    for await (const { id } of this.#items.all()) if (id.endsWith("-")) topics.push(QueueName.parse(id));
    return topics;
  }

  /** Returns the replays of a topic that are not done. */
  async pending(topic: QueueName): Promise<Stored<Replay>[]> {
    const pending: Stored<Replay>[] = [];
    const [from, to] = [`${topic}0`, `${topic}~`];
    for await (const replay of this.#replays.range({ from, to })) if (replay.phase !== "done") pending.push(replay);
    return pending;
  }

  replay(subscription: QueueName): Promise<Stored<Replay> | undefined> {
    return this.#replays.find(String(subscription));
  }

  /** Asks for a rewind, which ends the one before. */
  async rewind(subscription: QueueName, to: StartPosition, outputs: ReplayedOutputs, now: number): Promise<void> {
    const known = await this.replay(subscription);
    await this.#replays.upsert({ ...asked(subscription, to, now), rewind: (known?.rewind ?? 0) + 1, outputs });
  }

  /** Asks for the start of a new subscription, unless another process did so just now. */
  async start(subscription: QueueName, to: StartPosition, now: number): Promise<void> {
    const known = await this.replay(subscription);
    const replay = { ...asked(subscription, to, now), rewind: known?.rewind ?? 0, outputs: null };
    if (!known) await this.#replays.insertIfAbsent(replay);
    else if (now - known.askedAt > togetherMs) await this.#replays.upsert(replay);
  }

  /** Writes the progress of a replay. Returns `undefined` when another took its place. */
  async advance(replay: Stored<Replay>, changes: Partial<Replay>): Promise<Stored<Replay> | undefined> {
    try {
      return await this.#replays.update({ ...replay, ...changes });
    } catch (error) {
      if (isBeeHiveError(error, "ConcurrencyConflict") || isBeeHiveError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Forgets a subscription, or a topic with its subscriptions. */
  async forget(name: QueueName): Promise<void> {
    const ids = [String(name)];
    if (name.kind === "topic")
      for await (const { id } of this.#items.range({ from: `${name}0`, to: `${name}~` })) ids.push(id);
    for (const id of ids)
      await this.#items.delete(id).catch((error: unknown) => {
        if (!isBeeHiveError(error, "NotFound")) throw error;
      });
  }
}

/** How far apart two processes may make the same subscription, in ms. */
const togetherMs = 60_000;

function asked(subscription: QueueName, to: StartPosition, now: number): Omit<Replay, "rewind" | "outputs"> {
  const start = to instanceof Date ? { time: to.getTime() } : to;
  return { id: String(subscription), to: start, phase: "asked", next: 0, until: 0, askedAt: now };
}

function finite(value: number): number | null {
  return value === Infinity ? null : value;
}
