import type { Command } from "commander";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { causeOf } from "../../hive/letters/groups.ts";
import { time, whole } from "../option-parsers.ts";

/** A filter of dead letters. A letter matches when all given conditions hold. */
export interface Filter {
  readonly reason?: string;
  readonly error?: string;
  readonly actor?: string;
  readonly type?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** The key of a {@link LetterGroup}. */
  readonly group?: string;
  readonly limit?: number;
}

const names = ["reason", "error", "actor", "type", "since", "until", "group"] as const;

export function filterOptions(command: Command): Command {
  return command
    .option("--provider <url>", "the provider of the queue")
    .option("--reason <text>", "only with this text in the reason, in any case")
    .option("--error <name>", "only of this error, such as TypeError")
    .option("--actor <name>", "only of this actor")
    .option("--type <name>", "only of events of this type")
    .option("--since <time>", "only from this time on: 2026-03-01T12:00Z, or 2h for two hours ago", time)
    .option("--until <time>", "only before this time", time)
    .option("--group <key>", "only of this cause, see dead-letters groups")
    .option("--limit <n>", "at most this many, oldest first", whole(1));
}

/** Returns true if the filter has a condition. */
export function isFilter(filter: Filter): boolean {
  return names.some((name) => filter[name] !== undefined);
}

/** Yields the letters that match the filter, oldest first, up to its limit. */
export async function* filtered(
  letters: AsyncIterable<DeadLetter>,
  filter: Filter,
): AsyncGenerator<DeadLetter, void, undefined> {
  let left = filter.limit ?? Infinity;
  const matches = matching(filter);
  for await (const letter of letters) {
    if (!matches(letter)) continue;
    yield letter;
    if (--left === 0) return;
  }
}

/** Returns a predicate for the conditions of the filter. The limit is up to the caller. */
export function matching({ reason, error, actor, type, since, until, group }: Filter): (letter: DeadLetter) => boolean {
  return (letter) => {
    const at = letter.lastSeen.getTime();
    return (
      (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
      (error === undefined || letter.errorName === error) &&
      (actor === undefined || letter.actor === actor) &&
      (type === undefined || letter.event.eventType === type) &&
      (since === undefined || at >= since.getTime()) &&
      (until === undefined || at < until.getTime()) &&
      (group === undefined || causeOf(letter).key === group)
    );
  };
}
