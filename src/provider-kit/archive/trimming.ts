import { isBeeHiveError } from "../../base/errors.ts";
import type { KeepRule, KeptEvent } from "../../contract/topic-log.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { ArchiveState } from "./state.ts";

/** The age from which segments are merged, in ms: no writer believes the end of the log to be there any more. */
const mergeAgeMs = 10 * 60_000;
const minMerged = 8;
const maxMergedBytes = 4_000_000;
/** The part of new events from which a compaction pays. */
const minNew = 0.5;

/**
 * Removes what the rule of a topic no longer keeps, compacts it, and merges small segments.
 *
 * Several processes may do it at once: a segment is changed in the version that was read. Those that lose leave off.
 */
export async function trim(segments: Segments, state: ArchiveState, now: number): Promise<void> {
  const rule = await state.rule(segments.topic);
  if (!rule) return;
  const unsent = (await state.pending(segments.topic)).map(({ phase, next }) => (phase === "asked" ? 0 : next));
  const bound = rule.evenUnread ? Infinity : Math.min(Infinity, ...unsent);
  try {
    if (rule.forMs < Infinity || rule.maxBytes < Infinity) await removeOld(segments, rule, bound, now);
    if (rule.compact) await compact(segments, state, rule, bound, now);
    await merge(segments, now);
  } catch (error) {
    if (!isBeeHiveError(error, "ConcurrencyConflict") && !isBeeHiveError(error, "NotFound")) throw error;
  } finally {
    segments.forget();
  }
}

async function removeOld(segments: Segments, { forMs, maxBytes }: KeepRule, bound: number, now: number): Promise<void> {
  const listed = await fresh(segments);
  let total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const segment of listed) {
    if (segment.count === 0) continue;
    if (now - segment.since < forMs && total <= maxBytes) return;
    const events = (await segments.events(segment)) ?? [];
    let gone = 0;
    for (const { position, published, event } of events) {
      if (position >= bound || (now - published < forMs && total <= maxBytes)) break;
      total -= event.bodySize;
      gone++;
    }
    if (gone > 0) await reduce(segments, segment, events.slice(gone), segment === listed.at(-1));
    if (gone < events.length) return;
  }
}

/** Keeps the newest event of each key, from the end of the log to its beginning. */
async function compact(
  segments: Segments,
  state: ArchiveState,
  { forMs }: KeepRule,
  bound: number,
  now: number,
): Promise<void> {
  const listed = await fresh(segments);
  if (!isCompactionDue(listed, await state.compactedTo(segments.topic))) return;
  const seen = new Set<string>();
  for (const segment of listed.toReversed()) {
    const events = segment.count === 0 ? [] : ((await segments.events(segment)) ?? []);
    const kept = events.toReversed().filter(({ position, published, event }) => {
      const key = event.partitionKey;
      if (key === undefined) return true;
      const newest = !seen.has(key);
      seen.add(key);
      // The end of a key goes, too, once readers had the time of the rule to see it.
      return position >= bound || (newest && (event.bodySize > 0 || now - published < forMs));
    });
    if (kept.length < events.length) await reduce(segments, segment, kept.toReversed(), segment === listed.at(-1));
  }
  await state.compacted(segments.topic, listed.at(-1)?.next ?? 0);
}

/** Returns whether enough events came since the last compaction. */
function isCompactionDue(listed: readonly Segment[], compactedTo: number): boolean {
  const count = (some: readonly Segment[]): number => some.reduce((sum, one) => sum + one.count, 0);
  const added = count(listed.filter(({ from }) => from >= compactedTo));
  return added > 0 && added >= count(listed) * minNew;
}

/** Writes a segment with fewer events. Removes an empty one, unless it holds the end of the log. */
async function reduce(
  segments: Segments,
  segment: Segment,
  events: readonly KeptEvent[],
  isLast: boolean,
): Promise<void> {
  if (events.length === 0 && !isLast) await segments.remove(segment);
  else await segments.rewrite(segment, segment.next, events);
}

/** Merges runs of small segments that were written long ago. */
async function merge(segments: Segments, now: number): Promise<void> {
  const listed = await fresh(segments);
  let run: Segment[] = [];
  let bytes = 0;
  for (const segment of listed.slice(0, -1)) {
    const fits = bytes + segment.bytes <= maxMergedBytes && now - segment.written >= mergeAgeMs;
    if (!fits) {
      await mergeRun(segments, run);
      run = [];
      bytes = 0;
    }
    if (now - segment.written < mergeAgeMs) return;
    run.push(segment);
    bytes += segment.bytes;
  }
  await mergeRun(segments, run);
}

async function mergeRun(segments: Segments, run: readonly Segment[]): Promise<void> {
  const [first, ...others] = run;
  const last = others.at(-1);
  if (!first || !last || run.length < minMerged) return;
  const events: KeptEvent[] = [];
  for (const segment of run) events.push(...((await segments.events(segment)) ?? []));
  // Readers leave out the others as soon as the first holds their positions.
  await segments.rewrite(first, last.next, events);
  for (const segment of others) await segments.remove(segment);
}

async function fresh(segments: Segments): Promise<readonly Segment[]> {
  segments.forget();
  return await segments.all();
}
