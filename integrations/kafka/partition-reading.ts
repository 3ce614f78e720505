import { errorNameOf } from "../../src/base/error-text.ts";
import { isBeeHiveError } from "../../src/base/errors.ts";
import type { Stored } from "../../src/contract/stores.ts";
import type { Event } from "../../src/events/event.ts";
import type { SourceContext } from "../../src/hive/source.ts";
import type { FetchedPartition, KafkaRecord } from "./client.ts";
import { isMoved, type Place, type Places } from "./places.ts";
import type { RecordPlace } from "./record-event.ts";

/** The parts that the partitions of a source share. */
export interface Reader extends Pick<SourceContext, "provider" | "publish" | "clock" | "logger"> {
  readonly topic: string;
  readonly places: Places;
  /** The most records of one step. */
  readonly maxBatch: number;
  /** Makes the event of a record; `undefined` passes over it. */
  readonly toEvent: (record: KafkaRecord, place: RecordPlace) => Event | undefined;
}

/** The most bytes of one step, unless one record has more. */
const maxBytes = 1024 * 1024;
const minDelayMs = 1_000;
const maxDelayMs = 60_000;

/** Reads one partition: knows its place, and what holds it up. */
export class PartitionReading {
  readonly partition: number;
  readonly #reader: Reader;
  #place: Stored<Place>;
  #end: number | undefined;
  /** The most records of the next step: fewer after one that failed, so that in the end the cause stands alone. */
  #batch: number;
  #delayMs = 0;
  /** When it is read again, in ms since the epoch: later after a failure. */
  dueAt: number = -Infinity;
  /** The code or name of the error that holds it up. */
  failing: string | undefined;

  constructor(partition: number, place: Stored<Place>, reader: Reader) {
    this.partition = partition;
    this.#place = place;
    this.#reader = reader;
    this.#batch = reader.maxBatch;
  }

  /** The offset to read next. */
  get next(): number {
    return this.#place.next;
  }

  /** The number of records that are left; `undefined` before the first fetch. */
  get behind(): number | undefined {
    return this.#end === undefined ? undefined : Math.max(0, this.#end - this.next);
  }

  /** Goes on at a place that was read from the store. */
  moveTo(place: Stored<Place>): void {
    if (place.etag === this.#place.etag) return;
    this.#place = place;
    this.dueAt = -Infinity;
  }

  /** Publishes what a fetch returned, a step at a time, until all of it is, something fails, or the signal aborts. */
  async take({ records, next, end, restart }: FetchedPartition, signal: AbortSignal): Promise<void> {
    this.#end = end;
    if (restart !== undefined) return await this.#restart(restart);
    let at = 0;
    while (at < records.length && !signal.aborted) {
      const batch = this.#batchFrom(records, at);
      const upTo = records[at + batch.length]?.offset ?? next;
      if (!(await this.#pass(batch, upTo))) return;
      at += batch.length;
    }
    if (records.length === 0 && next > this.next) await this.#pass([], next);
  }

  #batchFrom(records: readonly KafkaRecord[], at: number): readonly KafkaRecord[] {
    const most = records.slice(at, at + this.#batch);
    let bytes = 0;
    const full = most.findIndex(({ value }) => (bytes += value?.length ?? 0) > maxBytes);
    return full < 0 ? most : most.slice(0, Math.max(1, full));
  }

  /** Returns whether the records were passed. */
  async #pass(records: readonly KafkaRecord[], next: number): Promise<boolean> {
    const { topic, toEvent, places } = this.#reader;
    const { pass } = this.#place;
    const place = { topic, partition: this.partition, pass };
    try {
      const events = records.flatMap((record) => toEvent(record, place) ?? []);
      this.#place = await places.pass(this.#place, { next, pass }, events, this.#reader);
      this.#batch = Math.min(this.#reader.maxBatch, this.#batch * 2);
      this.#delayMs = 0;
      this.failing = undefined;
      return true;
    } catch (error) {
      if (isMoved(error)) await this.#follow();
      else this.#failed(error, records);
      return false;
    }
  }

  /** Goes on where another process, or an operator, moved the place. */
  async #follow(): Promise<void> {
    const place = (await this.#reader.places.all()).get(this.partition);
    this.#place = place ?? (await this.#reader.places.begin(this.partition, this.next));
    this.#reader.logger.info(
      { partition: this.partition, offset: this.next },
      "another process or an operator moved the place; going on from there",
    );
  }

  /** Reads again later; fewer records where repeating does not help. */
  #failed(error: unknown, records: readonly KafkaRecord[]): void {
    const { clock, logger, topic } = this.#reader;
    const passes = isBeeHiveError(error) && error.retryable;
    if (!passes && records.length > 1) {
      this.#batch = Math.ceil(records.length / 2);
      return;
    }
    this.#delayMs = Math.min(maxDelayMs, Math.max(minDelayMs, this.#delayMs * 2));
    this.dueAt = clock.now() + this.#delayMs;
    this.failing = isBeeHiveError(error) ? error.code : errorNameOf(error);
    const at = { err: error, topic, partition: this.partition, offset: records[0]?.offset ?? this.next };
    if (passes) logger.warn(at, "the records could not be published; the source tries again");
    else
      logger.error(
        at,
        "the record cannot become an event, and holds up its partition: let event() return undefined for it, or seek past it",
      );
  }

  /** Goes on at the first record that is left: the topic has no more of what comes before, or was made anew. */
  async #restart(next: number): Promise<void> {
    const { places, logger } = this.#reader;
    const { next: lost, pass } = this.#place;
    logger.warn(
      { partition: this.partition, from: lost, to: next },
      "the topic has no record at this offset any more; going on at the first that it has",
    );
    try {
      // A topic that was made anew counts its offsets from 0, under which there were events already.
      this.#place = await places.pass(this.#place, { next, pass: next < lost ? pass + 1 : pass }, [], this.#reader);
    } catch (error) {
      if (!isMoved(error)) throw error;
      await this.#follow();
    }
  }
}
