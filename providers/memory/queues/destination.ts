import type { Clock } from "../../../src/base/clock.ts";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { KeepRule, KeptEvent, StartPosition } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import { areBehind } from "../../../src/provider-kit/errors.ts";
import { KeptEvents } from "./kept-events.ts";
import { MemoryQueue } from "./queue.ts";

/** A topic with its subscriptions, or a simple queue, which is its own only subscription. */
export class Destination {
  /** Counts the destinations of a provider from 1. */
  readonly number: number;
  readonly queues: Map<string, MemoryQueue> = new Map();
  /** The same queues, for publications: they are as frequent as events. */
  #readers: readonly MemoryQueue[] = [];
  readonly #clock: Clock;
  #log: KeptEvents | undefined;

  constructor(number: number, clock: Clock) {
    this.number = number;
    this.#clock = clock;
  }

  /** The kept events of the topic, once it is kept. */
  get log(): KeptEvents | undefined {
    return this.#log;
  }

  /** Keeps the events from now on. */
  keep(rule: KeepRule): void {
    if (this.#log) {
      this.#log.rule = rule;
      return;
    }
    this.#log = new KeptEvents(rule);
    for (const queue of this.queues.values()) queue.follow(this.#log, 0);
  }

  /** Makes a subscription, or configures it again, and returns it. */
  ensure({ name, ordered, from = "now" }: QueueSpec): MemoryQueue {
    const made = this.queues.get(name.subscription);
    if (made) {
      made.configure(ordered);
      return made;
    }
    const queue = new MemoryQueue(name, this.#clock, ordered);
    this.queues.set(name.subscription, queue);
    this.#readers = [...this.queues.values()];
    if (!this.#log) return queue;
    if (from === "latest-per-key") queue.enqueueKept(this.#log.latestPerKey());
    queue.follow(this.#log, startOf(this.#log, from));
    return queue;
  }

  /** Deletes a subscription, or the simple queue. Returns it; `undefined` when there is none. */
  delete(subscription: string): MemoryQueue | undefined {
    const queue = this.queues.get(subscription);
    this.queues.delete(subscription);
    this.#readers = [...this.queues.values()];
    queue?.delete();
    return queue;
  }

  /** Appends events of a backup, which no subscription gets. @returns What stands against it. */
  restore(log: KeptEvents, events: readonly KeptEvent[]): "taken" | "unread" | undefined {
    const { next } = log.range;
    if (!areBehind(next, events)) return "taken";
    const queues = [...this.queues.values()];
    if (queues.some(({ position = next }) => position < next)) return "unread";
    log.restore(events);
    for (const queue of queues) queue.skipTo(log.range.next);
    return undefined;
  }

  publish(event: Event): void {
    const log = this.#log;
    if (!log) {
      for (const queue of this.#readers) queue.enqueue(event);
      return;
    }
    log.append(event, this.#clock.now());
    if (log.isDue) this.trim();
    for (const queue of this.queues.values()) queue.wakeNext();
  }

  /** Removes what the rule no longer keeps. */
  trim(): void {
    if (!this.#log) return;
    let unread = this.#log.range.next;
    for (const { position } of this.queues.values()) unread = Math.min(unread, position ?? unread);
    this.#log.trim(this.#clock.now(), unread);
  }
}

/** Returns the position of a start. */
export function startOf(log: KeptEvents, from: StartPosition): number {
  const { first, next } = log.range;
  if (from === "beginning") return first;
  if (from instanceof Date) return log.positionAt(from.getTime());
  return typeof from === "number" ? Math.min(Math.max(from, first), next) : next;
}
