import { BeeHiveError } from "../base/errors.ts";
import { inBatches } from "../base/in-batches.ts";
import { redact } from "../base/redact.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import { shownEvent } from "./shown-event.ts";
import type { Watched } from "./watched.ts";
import type { Letter, LetterGroup, Progress } from "./wire.ts";

/** Maximum letters of a group that the page lists. */
const maxListed = 100;

/** Selects dead letters of a queue: those of a group, or some of its oldest. */
export interface ChosenLetters {
  readonly queue: string;
  readonly group: string;
  /** @default All. */
  readonly limit?: number | undefined;
}

/** Returns the dead letters of queues by their cause, the largest group first. */
export async function letterGroups(queues: readonly string[], watched: Watched): Promise<readonly LetterGroup[]> {
  const groups: LetterGroup[] = [];
  await inBatches(queues, async (queue) => {
    for (const { ids, ...group } of await groupsOf(queue, watched))
      groups.push({ ...group, queue, letters: ids.slice(0, maxListed) });
  });
  return groups.toSorted((one, other) => other.count - one.count);
}

interface Group extends Omit<LetterGroup, "letters" | "queue"> {
  readonly ids: readonly string[];
}

// Interim, until hive.queue(name).letterGroups() is there.
async function groupsOf(queue: string, watched: Watched): Promise<Group[]> {
  const groups = new Map<string, { -readonly [K in keyof Group]: Group[K] } & { ids: string[]; types: string[] }>();
  for await (const { id, actor, errorName, errorMessage, event, lastSeen } of watched.operator
    .queue(queue)
    .deadLetters()) {
    const message = redact(errorMessage).replaceAll(/[\w-]*\d[\w-]*/g, "…");
    const key = [actor, errorName, message].join("\n");
    const at = lastSeen.getTime();
    const group = groups.get(key) ?? {
      id: key,
      actor,
      errorName,
      message,
      types: [],
      count: 0,
      firstSeen: at,
      lastSeen: at,
      ids: [],
    };
    group.count++;
    group.lastSeen = Math.max(group.lastSeen, at);
    if (!group.types.includes(event.eventType)) group.types.push(event.eventType);
    group.ids.push(id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function idsOf({ queue, group, limit }: ChosenLetters, watched: Watched): Promise<readonly string[]> {
  const found = (await groupsOf(queue, watched)).find(({ id }) => id === group);
  return found?.ids.slice(0, limit ?? Infinity) ?? [];
}

/** Requeues letters: one, ten, the rest. Yields the progress; an aborted signal ends it between two events. */
export async function* requeue(
  chosen: ChosenLetters,
  watched: Watched,
  signal: AbortSignal,
): AsyncGenerator<Progress, void> {
  const ids = await idsOf(chosen, watched);
  let sent = 0;
  for (const id of ids) {
    if (signal.aborted) return;
    await watched.operator.queue(chosen.queue).requeue(id);
    yield { sent: ++sent, total: ids.length };
  }
  yield { sent, total: ids.length, end: "done" };
}

/** Drops letters for good. Returns how many. */
export async function drop(chosen: ChosenLetters, watched: Watched): Promise<number> {
  const ids = await idsOf(chosen, watched);
  for (const id of ids) await watched.operator.queue(chosen.queue).drop(id);
  return ids.length;
}

/** Returns a dead letter in full. @throws BeeHiveError `NotFound`. */
export async function letterOf(queue: string, id: string, watched: Watched, seesBodies: boolean): Promise<Letter> {
  for await (const letter of watched.operator.queue(queue).deadLetters())
    if (letter.id === id) return shownLetter(queue, letter, seesBodies);
  throw new BeeHiveError("NotFound", `${queue} has no dead letter ${id}; it was requeued or dropped.`);
}

function shownLetter(queue: string, letter: DeadLetter, seesBodies: boolean): Letter {
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
