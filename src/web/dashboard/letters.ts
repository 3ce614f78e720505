import { sleep } from "../../base/clock.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { inBatches } from "../../base/in-batches.ts";
import { redact } from "../../base/redact.ts";
import type { EventProperty } from "../../events/event.ts";
import type { WhichLetters } from "../../hive/hive-queue.ts";
import { shownEvent } from "./shown-event.ts";
import type { Watched } from "./watched.ts";
import type { Letter, LetterGroup, Progress } from "./wire.ts";

/** Maximum letters of a group that the page lists. */
const maxListed = 100;
/** The time between two lines of progress, in ms. */
const progressMs = 250;

/** Selects dead letters of a queue: one, those of a group, or the oldest of a group. */
export interface ChosenLetters {
  readonly queue: string;
  readonly group?: string | undefined;
  readonly id?: string | undefined;
  /** @default All of the group. */
  readonly limit?: number | undefined;
}

/** Returns the dead letters of queues by their cause, the largest group first. */
export async function letterGroups(queues: readonly string[], { operator }: Watched): Promise<readonly LetterGroup[]> {
  const groups: LetterGroup[] = [];
  await inBatches(queues, async (queue) => {
    for (const group of await operator.queue(queue).letterGroups())
      groups.push({
        id: group.key,
        queue,
        actor: group.actor,
        errorName: group.errorName,
        message: group.message,
        types: group.eventTypes,
        count: group.count,
        firstSeen: group.oldest.getTime(),
        lastSeen: group.newest.getTime(),
        letters: group.ids.slice(0, maxListed),
      });
  });
  return groups.toSorted((one, other) => other.count - one.count);
}

/** Returns a dead letter in full. @throws BeeHiveError `NotFound`. */
export async function letterOf(
  queue: string,
  which: string,
  { operator }: Watched,
  seesBodies: boolean,
): Promise<Letter> {
  const letter = await operator.queue(queue).letter(which);
  const { id, event, reason, errorName, errorMessage, stack, actor, attempts, firstSeen, lastSeen } = letter;
  return {
    id,
    queue,
    reason: redact(reason),
    errorName,
    errorMessage: redact(errorMessage),
    stack: stack === undefined ? undefined : redact(stack),
    actor,
    attempts,
    firstSeen: firstSeen.getTime(),
    lastSeen: lastSeen.getTime(),
    event: shownEvent(event, seesBodies),
  };
}

/** Requeues letters: one, ten, the rest. Yields the progress; an aborted signal ends it between two events. */
export async function* requeue(
  chosen: ChosenLetters,
  { operator, clock }: Watched,
  by: string,
  signal: AbortSignal,
): AsyncGenerator<Progress, void> {
  const queue = operator.queue(chosen.queue);
  let progress: Progress = { sent: 0, total: 0 };
  let result: Progress | undefined;
  const onProgress = ({ requeued, of }: { readonly requeued: number; readonly of: number }): void => {
    progress = { sent: requeued, total: of };
  };
  const ended = queue
    .requeueInSteps(await whichOf(chosen, operator), { signal, by, onProgress })
    .then(({ end, requeued, of, again }) => {
      result = { sent: requeued, total: of, end, detail: again.join(", ") };
    });
  // A failure is thrown below. A reader that has gone waits no more, and must not leave it unhandled.
  ended.catch(() => {});
  while (!result) {
    yield progress;
    await Promise.race([ended, sleep(clock, progressMs)]);
  }
  yield result;
}

/** Drops letters for good. Returns how many. */
export async function drop(chosen: ChosenLetters, { operator }: Watched, by: string): Promise<number> {
  return await operator.queue(chosen.queue).drop(await whichOf(chosen, operator), { by });
}

/** A changed event of a dead letter. */
export interface Mending {
  readonly queue: string;
  readonly id: string;
  /** The new body as a text. @default The body stays. */
  readonly body?: string | undefined;
  readonly type?: string | undefined;
  /** Properties to set; `null` removes one. */
  readonly properties?: Readonly<Record<string, EventProperty | null>> | undefined;
}

/** Requeues a dead letter with changes. @throws BeeHiveError `InvalidEvent`, `NotFound`. */
export async function mend(
  { queue: name, id, body, type, properties }: Mending,
  { operator }: Watched,
  by: string,
): Promise<void> {
  const queue = operator.queue(name);
  const { event } = await queue.letter(id);
  await queue.requeueMended(id, {
    ...(body !== undefined &&
      (typeof event.shownBody.body === "string" ? { bodyText: body } : { body: bytesIn(body) })),
    ...(type !== undefined && { eventType: type }),
    ...(properties !== undefined && { properties }),
    by,
  });
}

async function whichOf(
  { queue, group, id, limit }: ChosenLetters,
  operator: Watched["operator"],
): Promise<WhichLetters> {
  if (id !== undefined) return { ids: [id] };
  if (group === undefined) throw new BeeHiveError("InvalidKey", "Name a letter or a group of letters.");
  if (limit === undefined) return { group };
  const found = (await operator.queue(queue).letterGroups()).find(({ key }) => key === group);
  return { ids: found?.ids.slice(0, limit) ?? [] };
}

/** Returns the bytes of a body that the page shows as base64. @throws BeeHiveError `InvalidEvent`. */
function bytesIn(text: string): Uint8Array {
  const base64 = text.replaceAll(/\s/g, "");
  if (/^[A-Za-z\d+/]*={0,2}$/.test(base64)) return Buffer.from(base64, "base64");
  throw new BeeHiveError("InvalidEvent", "The body is not base64, as which bytes are written.");
}

/** Returns a JSON value. @throws BeeHiveError `InvalidEvent`. */
export function parsed(text: string): unknown {
  try {
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new BeeHiveError("InvalidEvent", `The body is not JSON: ${(cause as Error).message}.`, { cause });
  }
}
