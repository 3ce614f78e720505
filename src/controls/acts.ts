import { safeText } from "../base/safe-text.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionStore, Identified, Stores } from "../contract/stores.ts";
import { nextSegmentId, segmentsFrom } from "../journal/segment.ts";

/**
 * An act of an operator: who did what, to which subscription or pulser, and when.
 *
 * @example
 * for await (const { time, by, act, on, detail } of hive.acts()) console.log(time, by, act, on, detail);
 */
export interface Act {
  readonly id: string;
  readonly time: Date;
  /** The operator. */
  readonly by: string;
  /** A verb: `pause`, `resume`, `set`. */
  readonly act: string;
  /** The subscription, queue or pulser; `*` for all subscriptions. */
  readonly on: string;
  /** The reason, or the new values. Holds no body. */
  readonly detail: string | undefined;
}

interface StoredAct extends Identified {
  readonly time: number;
  readonly by: string;
  readonly act: string;
  readonly on: string;
  readonly detail?: string | undefined;
}

/** How long acts are kept, in ms: 90 days. */
const keptMs = 90 * 24 * 3_600_000;
const maxDetail = 500;
/** The most old acts that a new one removes. */
const maxRemoved = 100;

/** The record of what operators did, in the stores of a provider. Kept for 90 days, whatever the journal keeps. */
export class Acts {
  readonly #acts: CollectionStore<StoredAct>;
  readonly #clock: Clock;

  constructor(stores: Stores, clock: Clock) {
    this.#acts = stores.collection<StoredAct>("HiveActs");
    this.#clock = clock;
  }

  /** Writes down an act that was done. */
  async record({ detail, ...act }: Pick<Act, "by" | "act" | "on" | "detail">): Promise<void> {
    const time = this.#clock.now();
    const text = detail === undefined ? {} : { detail: safeText(detail, maxDetail) };
    await this.#acts.upsert({ id: nextSegmentId(time), time, ...act, ...text });
    await this.#removeOld(time - keptMs);
  }

  /** Yields acts, newest first. */
  async *read(): AsyncGenerator<Act, void, undefined> {
    for await (const { id, time, by, act, on, detail } of this.#acts.all())
      yield { id, time: new Date(time), by, act, on, detail };
  }

  async #removeOld(before: number): Promise<void> {
    let removed = 0;
    for await (const { id } of this.#acts.range({ from: segmentsFrom(before) })) {
      await this.#acts.delete(id).catch(() => {});
      if (++removed >= maxRemoved) return;
    }
  }
}
