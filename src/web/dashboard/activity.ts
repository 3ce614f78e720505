import type { Journal, JournalEntry } from "../../journal/journal.ts";
import type { Series } from "./wire.ts";

/** The width of a column of the charts, in ms. */
const bucketMs = 20_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;
/** The last columns are counted anew, in ms: entries of other processes reach a store late. */
const recountMs = 40_000;
/** Maximum entries of the first look: a journal may hold millions. */
const maxEntries = 200_000;

/** The attempts of one queue in one column. */
interface Tally {
  done: number;
  failed: number;
  tookMs: number;
  waitMs: number | undefined;
}

interface Bucket {
  readonly queues: Map<string, Tally>;
  /** Published events by publisher and destination, see {@link flowKey}. */
  readonly flows: Map<string, number>;
}

/** The sums of a queue over the last hour. */
export interface QueueActivity {
  readonly perMinute: number;
  readonly done: number;
  readonly failed: number;
  readonly tookMs: number | undefined;
}

/** The last hour of a journal, in columns. Each look reads only what is new. */
export class Activity {
  readonly #journal: Pick<Journal, "read">;
  readonly #buckets = new Map<number, Bucket>();
  /** The actors that have read each queue. */
  readonly readers: Map<string, string> = new Map();
  #readAt: number | undefined;

  constructor(journal: Pick<Journal, "read">) {
    this.#journal = journal;
  }

  /** Reads the entries since the last call. */
  async refresh(now: number): Promise<void> {
    const since = startOf(Math.max(now - hourMs, (this.#readAt ?? 0) - recountMs));
    const fresh = new Map<number, Bucket>();
    let read = 0;
    for await (const entry of this.#journal.read({ since })) {
      if (entry.outcome !== "paused") add(bucketAt(fresh, entry.time), entry);
      if (entry.actor !== undefined && entry.queueName !== "") this.readers.set(entry.queueName, entry.actor);
      if (++read >= maxEntries) break;
    }
    for (const start of this.#buckets.keys()) if (start < now - hourMs) this.#buckets.delete(start);
    for (const [start, bucket] of fresh) this.#buckets.set(start, bucket);
    this.#readAt = now;
  }

  of(queue: string, now: number): QueueActivity {
    const sum = { perMinute: 0, done: 0, failed: 0, tookMs: 0 };
    for (const [start, { queues }] of this.#buckets) {
      const tally = queues.get(queue);
      if (!tally) continue;
      sum.done += tally.done;
      sum.failed += tally.failed;
      sum.tookMs += tally.tookMs;
      if (start >= startOf(now - minuteMs)) sum.perMinute += tally.done + tally.failed;
    }
    const attempts = sum.done + sum.failed;
    return {
      ...sum,
      perMinute: perMinute(sum.perMinute, now),
      tookMs: attempts === 0 ? undefined : sum.tookMs / attempts,
    };
  }

  /** Returns the events of each arrow: in the last hour, and in a minute by the last columns. */
  flows(now: number): Map<string, { count: number; perMinute: number }> {
    const flows = new Map<string, { count: number; perMinute: number }>();
    for (const [start, bucket] of this.#buckets) {
      for (const [key, count] of bucket.flows) {
        const flow = flows.get(key) ?? { count: 0, perMinute: 0 };
        flow.count += count;
        if (start >= startOf(now - minuteMs)) flow.perMinute += perMinute(count, now);
        flows.set(key, flow);
      }
    }
    return flows;
  }

  /** Returns the columns of the last hour, of one queue or of all. */
  series(now: number, queue?: string): Series {
    const time: number[] = [];
    const done: number[] = [];
    const failed: number[] = [];
    const wait: (number | null)[] = [];
    // The column of now is not full yet.
    for (let start = startOf(now - hourMs) + bucketMs; start < startOf(now); start += bucketMs) {
      const all = this.#buckets.get(start)?.queues ?? new Map<string, Tally>();
      const tallies = queue === undefined ? [...all.values()] : [all.get(queue)].filter((one) => one !== undefined);
      const waits = tallies.flatMap(({ waitMs }) => waitMs ?? []);
      time.push(start / 1_000);
      done.push((sumOf(tallies.map((one) => one.done)) * minuteMs) / bucketMs);
      failed.push((sumOf(tallies.map((one) => one.failed)) * minuteMs) / bucketMs);
      wait.push(waits.length === 0 ? null : Math.max(...waits) / 1_000);
    }
    return { time, done, failed, wait };
  }
}

/** The key of an arrow: publisher and destination. */
export function flowKey(from: string, to: string): string {
  return `${from}\n${to}`;
}

function add({ queues, flows }: Bucket, entry: JournalEntry): void {
  const { outcome, actor, queueName, outputs, durationMs, attempt, time, timestamp } = entry;
  const publish = (from: string, to: string): void => {
    flows.set(flowKey(from, to), (flows.get(flowKey(from, to)) ?? 0) + 1);
  };
  if (outcome === "pushed") return publish("", queueName);
  if (actor === undefined) return;
  for (const { destination } of outputs) publish(actor, destination);
  // A stop of the process is no failure.
  if (outcome === "abandoned") return;
  const tally = queues.get(queueName) ?? { done: 0, failed: 0, tookMs: 0, waitMs: undefined };
  if (outcome === "committed") tally.done++;
  else tally.failed++;
  tally.tookMs += durationMs;
  if (attempt === 1) tally.waitMs = Math.max(tally.waitMs ?? 0, time - durationMs - timestamp);
  queues.set(queueName, tally);
}

function bucketAt(buckets: Map<number, Bucket>, time: number): Bucket {
  const start = startOf(time);
  const known = buckets.get(start) ?? { queues: new Map<string, Tally>(), flows: new Map<string, number>() };
  buckets.set(start, known);
  return known;
}

function startOf(time: number): number {
  return Math.floor(time / bucketMs) * bucketMs;
}

/** Scales a count since the first of the last columns to a minute. */
function perMinute(count: number, now: number): number {
  return (count * minuteMs) / Math.max(bucketMs, now - startOf(now - minuteMs));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
