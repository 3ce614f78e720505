import type { AnyEventType } from "../../../events/event-type.ts";
import type { Feed, FeedListener, Positioned } from "./feed.ts";
import { SharedChange } from "./shared-change.ts";

/** A subscription to one type of change, of all keys or of one. */
export interface Follower {
  readonly type: string;
  readonly key: string | undefined;
  /** Takes a change of its type and key, as it comes. */
  take(change: SharedChange): void;
  /** Begins at the present. */
  restart(): void;
}

/** The subscriptions to one type: of all keys, and by key. */
interface Joined {
  readonly all: Set<Follower>;
  readonly byKey: Map<string, Set<Follower>>;
}

/** A topic whose changes go to the subscriptions of browsers. Its feed begins with the first of them. */
export class Topic implements FeedListener {
  /** The types of its events that browsers may name. */
  readonly types: Map<string, AnyEventType> = new Map<string, AnyEventType>();
  readonly #open: (listener: FeedListener) => Promise<Feed>;
  readonly #joined = new Map<string, Joined>();
  #opening: Promise<Feed> | undefined;
  #feed: Feed | undefined;

  /** @param open Opens the feed. */
  constructor(open: (listener: FeedListener) => Promise<Feed>) {
    this.#open = open;
  }

  async ready(): Promise<void> {
    this.#opening ??= this.#open(this);
    try {
      this.#feed = await this.#opening;
      await this.#feed.ready();
    } catch (error) {
      this.#opening = this.#feed ? this.#opening : undefined;
      throw error;
    }
  }

  /** The position of the next change. */
  get next(): number {
    return this.#feed?.next ?? 0;
  }

  get epoch(): string {
    return this.#feed?.epoch ?? "";
  }

  /** Returns the name of a position for browsers. */
  tokenOf(position: number): string {
    return `${this.epoch}:${position}`;
  }

  /** Returns the position that a browser names; `undefined` when it is none of this epoch. */
  positionIn(token: string): number | undefined {
    const [, epoch, digits] = /^(\w{1,32}):(\d{1,15})$/.exec(token) ?? [];
    return epoch === this.epoch ? Number(digits) : undefined;
  }

  async read(from: number, limit: number): Promise<readonly SharedChange[] | undefined> {
    const { epoch } = this;
    return (await this.#feed?.read(from, limit))?.map((found) => new SharedChange(found, epoch, this.types));
  }

  join(follower: Follower): void {
    const { key, type } = follower;
    const joined = this.#joined.get(type) ?? { all: new Set(), byKey: new Map<string, Set<Follower>>() };
    this.#joined.set(type, joined);
    if (key === undefined) joined.all.add(follower);
    else joined.byKey.set(key, (joined.byKey.get(key) ?? new Set()).add(follower));
  }

  leave(follower: Follower): void {
    const { key, type } = follower;
    const joined = this.#joined.get(type);
    joined?.all.delete(follower);
    if (key === undefined) return;
    const ofKey = joined?.byKey.get(key);
    ofKey?.delete(follower);
    if (ofKey?.size === 0) joined?.byKey.delete(key);
  }

  take(found: Positioned): void {
    const joined = this.#joined.get(found.event.eventType);
    if (!joined) return;
    const change = new SharedChange(found, this.epoch, this.types);
    for (const follower of joined.all) follower.take(change);
    const { partitionKey } = found.event;
    if (partitionKey === undefined) return;
    for (const follower of joined.byKey.get(partitionKey) ?? []) follower.take(change);
  }

  restarted(): void {
    for (const { all, byKey } of this.#joined.values())
      for (const some of [all, ...byKey.values()]) for (const follower of some) follower.restart();
  }

  async close(): Promise<void> {
    const feed = await this.#opening?.catch(() => undefined);
    await feed?.close();
  }
}
