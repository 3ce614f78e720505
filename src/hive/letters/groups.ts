import { createHash } from "node:crypto";
import { safeText } from "../../base/safe-text.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";

/**
 * Dead letters of one cause: the same actor, the same error, and messages that differ in their variable parts alone.
 *
 * @example
 * for (const { count, errorName, message } of await queue.letterGroups()) console.log(count, errorName, message);
 */
export interface LetterGroup {
  /** Names the cause, the same in every process. */
  readonly key: string;
  readonly actor: string;
  readonly errorName: string;
  /** The message, or the reason where there is none, with `…` for numbers, ids and quoted parts. */
  readonly message: string;
  readonly count: number;
  /** When the first and the last of them died. */
  readonly oldest: Date;
  readonly newest: Date;
  readonly eventTypes: readonly string[];
  /** The ids of the letters, oldest first. */
  readonly ids: readonly string[];
}

const maxMessage = 300;

/** Quoted parts, and words with a digit in them: numbers, times, UUIDs, `order-17`. */
const variable = /"[^"]*"|“[^”]*”|`[^`]*`|(?<!\w)'[^']*'(?!\w)|[\w.:+-]*\d[\w.:+-]*/g;

/** Returns a message without its variable parts and secrets. */
function constantParts(message: string): string {
  return safeText(message, maxMessage).replace(variable, "…").replaceAll(/\s+/g, " ").trim();
}

/** Returns the cause of a letter. */
export function causeOf({
  actor,
  errorName,
  errorMessage,
  reason,
}: DeadLetter): Pick<LetterGroup, "key" | "actor" | "errorName" | "message"> {
  const message = constantParts(errorMessage === "" ? reason : errorMessage);
  const key = createHash("sha256").update(`${actor}\n${errorName}\n${message}`).digest("hex").slice(0, 12);
  return { key, actor, errorName, message };
}

interface Growing extends LetterGroup {
  count: number;
  oldest: Date;
  newest: Date;
  readonly eventTypes: string[];
  readonly ids: string[];
}

/** Returns the groups of letters by cause, the largest first. */
export async function groupsOf(letters: AsyncIterable<DeadLetter>): Promise<readonly LetterGroup[]> {
  const groups = new Map<string, Growing>();
  for await (const letter of letters) {
    const cause = causeOf(letter);
    const { lastSeen, event, id } = letter;
    const group = groups.get(cause.key) ?? {
      ...cause,
      count: 0,
      oldest: lastSeen,
      newest: lastSeen,
      eventTypes: [],
      ids: [],
    };
    groups.set(cause.key, group);
    group.count++;
    if (lastSeen < group.oldest) group.oldest = lastSeen;
    if (lastSeen > group.newest) group.newest = lastSeen;
    if (!group.eventTypes.includes(event.eventType)) group.eventTypes.push(event.eventType);
    group.ids.push(id);
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}
