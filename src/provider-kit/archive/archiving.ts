import { randomUUID } from "node:crypto";
import { sleep } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { Stored } from "../../contract/stores.ts";
import { Event } from "../../events/event.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { archiveOf, wakeType, type ArchiveParts } from "./parts.ts";
import { Replays } from "./replays.ts";
import type { Segments } from "./segments.ts";
import type { ArchiveState, Replay } from "./state.ts";
import { trim } from "./trimming.ts";

/** The length of a lease, in ms: longer than events are gathered and written. */
export const archiveLeaseMs = 120_000;
/** The longest wait of a poll of an idle topic, in ms. */
const pollMs = 20_000;
/** The wait for more events behind many, in ms. */
const quickMs = 200;
/** The wait that shows that nothing waits, in ms. */
const emptyMs = 1_000;
/** From so many events at once on, more are there. */
const manyEvents = 10;
const maxEvents = 1_000;
const maxBytes = 4_000_000;
const lockMs = 60_000;
/** The wait for a lock that another process holds, in ms. */
const otherMs = 20_000;
const failedMs = 5_000;
const trimMs = 60 * 60_000;
const lookMs = 250;
/** The looks at a replay after which its archive is woken once more. */
const looksPerWake = 40;

interface Round {
  /** The longest wait for the first event, in ms. */
  readonly waitMs: number;
  /** How long more events are gathered behind few, in ms. */
  readonly delayMs: number;
}

/** Archives one topic: moves events from its subscription to the segments, and sends the past to subscriptions. */
export class Archiving {
  readonly #topic: QueueName;
  readonly #parts: ArchiveParts;
  readonly #state: ArchiveState;
  readonly #segments: Segments;
  readonly #replays: Replays;
  /** True once a replay was asked for that is not looked up yet. */
  #woken = false;

  constructor(parts: ArchiveParts, state: ArchiveState, segments: Segments) {
    this.#topic = segments.topic;
    this.#parts = parts;
    this.#state = state;
    this.#segments = segments;
    this.#replays = new Replays(parts, state, segments);
  }

  /** Archives until the signal aborts, in one process at a time. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { stores, clock, logger } = this.#parts;
    while (!signal.aborted) {
      try {
        const lock = await stores.locks.tryLock(this.#lockName, { ttl: lockMs });
        if (!lock) {
          await sleep(clock, otherMs, signal);
          continue;
        }
        await using _ = lock;
        await this.#hold(AbortSignal.any([signal, lock.signal]));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, topic: String(this.#topic) }, "the log of a topic cannot be written; trying again");
        await sleep(clock, failedMs, signal);
      }
    }
  }

  /** Resolves when the past that a subscription asked for was cut off from what it gets by itself. */
  async cut(subscription: QueueName): Promise<void> {
    const { stores, clock } = this.#parts;
    for (let looks = 0; ; looks++) {
      const replay = await this.#state.replay(subscription);
      if (replay?.phase !== "asked") return;
      const lock = await stores.locks.tryLock(this.#lockName, { ttl: lockMs });
      if (lock) {
        await using _ = lock;
        await this.#cut(replay, lock.signal);
        continue;
      }
      // Another process archives: it does the cut.
      if (looks % looksPerWake === 0) await this.#wake();
      await sleep(clock, lookMs);
    }
  }

  get #lockName(): string {
    return `log/${this.#topic}`;
  }

  async #hold(signal: AbortSignal): Promise<void> {
    const { clock, delayMs } = this.#parts;
    let replays: readonly Stored<Replay>[] = await this.#state.pending(this.#topic);
    let trimAt = clock.now() + trimMs;
    while (!signal.aborted) {
      const busy = replays.length > 0;
      await this.#archive(busy ? { waitMs: 0, delayMs: 0 } : { waitMs: pollMs, delayMs }, signal);
      if (this.#woken) {
        this.#woken = false;
        replays = await this.#state.pending(this.#topic);
      }
      const advanced = await Promise.all(replays.map((replay) => this.#advance(replay, signal)));
      replays = advanced.filter((replay) => replay !== undefined);
      if (clock.now() < trimAt) continue;
      trimAt = clock.now() + trimMs;
      await trim(this.#segments, this.#state, clock.now());
    }
  }

  /** Does the next part of a replay. Returns it as it is then; `undefined` when it is done. */
  async #advance(replay: Stored<Replay>, signal: AbortSignal): Promise<Stored<Replay> | undefined> {
    try {
      return replay.phase === "asked" ? await this.#cut(replay, signal) : await this.#replays.send(replay);
    } catch (error) {
      // The subscription was deleted meanwhile.
      if (!isBeeHiveError(error, "QueueNotFound")) throw error;
      await this.#state.advance(replay, { phase: "done" });
      return undefined;
    }
  }

  /** Archives all that was published before, then takes what waits from the subscription. */
  async #cut(replay: Stored<Replay>, signal: AbortSignal): Promise<Stored<Replay> | undefined> {
    for (;;) {
      const events = await this.#archive({ waitMs: emptyMs, delayMs: 0 }, signal);
      if (signal.aborted) return replay;
      if (events.every(({ timestamp }) => timestamp.getTime() > replay.askedAt)) break;
    }
    return await this.#replays.cut(replay, signal);
  }

  /** Moves waiting events to the segments, and returns them. */
  async #archive(round: Round, signal: AbortSignal): Promise<readonly Event[]> {
    const leases = await this.#gather(round, signal);
    const events = leases.map(({ event }) => event).filter((event) => !isWake(event));
    if (events.length > 0) await this.#segments.append(events);
    // An event whose commit fails is delivered again, and is known then.
    await Promise.allSettled(leases.map((lease) => this.#parts.queues.commit(lease, [])));
    if (events.length < leases.length) this.#woken = true;
    return events;
  }

  async #gather({ waitMs, delayMs }: Round, signal: AbortSignal): Promise<readonly Lease[]> {
    const { clock } = this.#parts;
    const leases = [...(await this.#lease(maxEvents, waitMs, signal))];
    if (leases.length === 0) return leases;
    // Few: waits for more, which then come by few requests.
    const few = leases.length < manyEvents;
    if (few && !leases.some(({ event }) => isWake(event))) await sleep(clock, delayMs, signal);
    let bytes = bytesOf(leases);
    while (leases.length < maxEvents && bytes < maxBytes && !signal.aborted) {
      const more = await this.#lease(maxEvents - leases.length, few ? 0 : quickMs, signal);
      leases.push(...more);
      bytes += bytesOf(more);
      if (more.length < manyEvents) break;
    }
    return leases;
  }

  #lease(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Lease[]> {
    const request = { max, leaseMs: archiveLeaseMs, waitMs, signal };
    return this.#parts.queues.lease(archiveOf(this.#topic), request);
  }

  async #wake(): Promise<void> {
    const to = archiveOf(this.#topic);
    const event = new Event(wakeType, undefined, { queueName: String(this.#topic) });
    await this.#parts.send(to, [{ event, id: randomUUID(), origin: undefined }]);
  }
}

function isWake({ eventType }: Event): boolean {
  return eventType === wakeType;
}

function bytesOf(leases: readonly Lease[]): number {
  return leases.reduce((sum, { event }) => sum + event.bodySize, 0);
}
