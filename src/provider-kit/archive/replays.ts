import { isBeeHiveError } from "../../base/errors.ts";
import type { Stored } from "../../contract/stores.ts";
import type { KeptEvent } from "../../contract/topic-log.ts";
import { identityOf } from "../../events/output-id.ts";
import { QueueName } from "../../events/queue-name.ts";
import type { ArchiveParts, EventCopy } from "./parts.ts";
import type { Segments } from "./segments.ts";
import type { ArchiveState, Replay } from "./state.ts";

const page = 500;
/** The lease of events that are taken from a subscription, in ms. */
const takeMs = 60_000;
const maxTaken = 100;
const emptyMs = 1_000;

/** Takes what waits from subscriptions, and sends them the past instead. */
export class Replays {
  readonly #parts: ArchiveParts;
  readonly #state: ArchiveState;
  readonly #segments: Segments;
  /** The newest positions of the keys, for the replay of that etag's item. */
  #latest: { readonly of: string; readonly positions: ReadonlyMap<string, number> } | undefined;

  constructor(parts: ArchiveParts, state: ArchiveState, segments: Segments) {
    this.#parts = parts;
    this.#state = state;
    this.#segments = segments;
  }

  /** Takes what waits from the subscription, and fixes the part of the log that it gets instead. */
  async cut(replay: Stored<Replay>, signal: AbortSignal): Promise<Stored<Replay> | undefined> {
    await this.#take(QueueName.parse(replay.id), replay.askedAt, signal);
    if (signal.aborted) return replay;
    const { first, next: until } = await this.#segments.range();
    const next = await this.#startOf(replay.to, first, until);
    return await this.#state.advance(replay, { phase: next < until ? "sending" : "done", next, until });
  }

  /**
   * Sends the next page of events.
   *
   * After a crash the page is sent again, with the same ids.
   */
  async send(replay: Stored<Replay>): Promise<Stored<Replay> | undefined> {
    const { next, until } = replay;
    const holds = replay.to === "latest-per-key" ? await this.#newestOf(replay) : undefined;
    const events = await this.#segments.read(next, page, { until, ...(holds && { holds }) });
    await this.#parts.send(
      QueueName.parse(replay.id),
      events.map((kept) => copyOf(kept, replay)),
    );
    const last = events.at(-1);
    if (events.length === page && last) return await this.#state.advance(replay, { next: last.position + 1 });
    await this.#state.advance(replay, { next: until, phase: "done" });
    return undefined;
  }

  /** Takes the events that wait. Those that the archive does not have yet are archived first, so that none is lost. */
  async #take(subscription: QueueName, askedAt: number, signal: AbortSignal): Promise<void> {
    const { queues } = this.#parts;
    while (!signal.aborted) {
      const request = { max: maxTaken, leaseMs: takeMs, waitMs: emptyMs, signal };
      const leases = await queues.lease(subscription, request);
      if (leases.length === 0) return;
      const events = leases.filter(({ replayed }) => !replayed).map(({ event }) => event);
      const unknown = events.length === 0 ? [] : await this.#segments.unknown(events);
      if (unknown.length > 0) await this.#segments.append(unknown);
      for (const result of await Promise.allSettled(leases.map((lease) => queues.commit(lease, []))))
        if (result.status === "rejected" && !isBeeHiveError(result.reason, "LeaseLost")) throw result.reason;
      if (events.length > 0 && events.every(({ timestamp }) => timestamp.getTime() > askedAt)) return;
    }
  }

  async #startOf(to: Replay["to"], first: number, next: number): Promise<number> {
    if (to === "now") return next;
    if (to === "beginning" || to === "latest-per-key") return first;
    return Math.min(next, typeof to === "number" ? to : await this.#segments.positionAt(to.time));
  }

  /** Returns what holds for the newest event of each key that lives, and for all without one. */
  async #newestOf({ id, askedAt, until }: Replay): Promise<(kept: KeptEvent) => boolean> {
    const of = `${id} ${askedAt}`;
    if (this.#latest?.of !== of) {
      const positions = new Map<string, number>();
      const note = ({ position, event: { partitionKey } }: KeptEvent): boolean => {
        if (partitionKey !== undefined) positions.set(partitionKey, position);
        return false;
      };
      await this.#segments.read(0, 1, { until, holds: note });
      this.#latest = { of, positions };
    }
    const { positions } = this.#latest;
    return ({ position, event: { partitionKey, bodySize } }) =>
      partitionKey === undefined || (positions.get(partitionKey) === position && bodySize > 0);
  }
}

function copyOf({ event, position }: KeptEvent, { rewind, outputs, askedAt, id }: Replay): EventCopy {
  return {
    event,
    id: [identityOf(event), id, position, rewind, askedAt].join(" "),
    origin: { position, rewind, outputs },
  };
}
