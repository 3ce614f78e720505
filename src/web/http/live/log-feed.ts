import { sleep, type Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Hive } from "../../../hive/hive.ts";
import type { HiveLog } from "../../../hive/hive-log.ts";
import { feedRetryMs, type Feed, type FeedListener, type Positioned } from "./feed.ts";

/** The feed of a kept topic, whose positions are the same in every process. */
export class LogFeed implements Feed {
  epoch = "log";
  next = 0;
  readonly #log: HiveLog;
  readonly #listener: FeedListener;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #over = new AbortController();
  #ready: Promise<void> | undefined;
  #following: Promise<void> = Promise.resolve();
  #restarts = 0;

  constructor(log: HiveLog, listener: FeedListener, clock: Clock, logger: Logger) {
    this.#log = log;
    this.#listener = listener;
    this.#clock = clock;
    this.#logger = logger;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#log.range().then(
      ({ next }) => {
        this.next = next;
        this.#following = this.#follow();
      },
      (error: unknown) => {
        this.#ready = undefined;
        throw error;
      },
    );
    return this.#ready;
  }

  async #follow(): Promise<void> {
    let waitMs = feedRetryMs.min;
    while (!this.#over.signal.aborted) {
      try {
        await this.#noticeLoss();
        for await (const found of this.#log.follow({ from: this.next, signal: this.#over.signal })) {
          if (found.position > this.next) await this.#noticeLoss();
          this.next = found.position + 1;
          this.#listener.take(found);
          waitMs = feedRetryMs.min;
        }
        // The hive has stopped.
        return;
      } catch (error) {
        this.#logger.warn({ err: error, topic: this.#log.topic.toString() }, "live changes wait for the provider");
        await sleep(this.#clock, waitMs, this.#over.signal);
        waitMs = Math.min(feedRetryMs.max, waitMs * 2);
      }
    }
  }

  /** A topic that was made anew counts from 0, and one that is trimmed may have lost events that nobody read here. */
  async #noticeLoss(): Promise<void> {
    const { first, next } = await this.#log.range();
    if (next >= this.next && first <= this.next) return;
    if (next < this.next) this.epoch = `log${++this.#restarts}`;
    this.next = next < this.next ? next : first;
    this.#listener.restarted();
  }

  async read(from: number, limit: number): Promise<readonly Positioned[] | undefined> {
    const events: Positioned[] = [];
    for await (const found of this.#log.read({ from, limit })) events.push(found);
    // Looked at afterwards: events may be removed while others are read.
    return (await this.#log.range()).first > from ? undefined : events;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#ready?.catch(() => {});
    await this.#following;
  }
}

/** Returns whether a topic is kept, with positions that a browser can go on from at once. */
export async function isKept({ provider }: Pick<Hive, "provider">, topic: string): Promise<boolean> {
  if (provider.capabilities.log !== true) return false;
  const topics = await provider.queues.log?.topics();
  return topics?.some((name) => name.toString() === topic) ?? false;
}
