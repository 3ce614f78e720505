import type { Command } from "commander";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { time, whole } from "../options.ts";

/** Which dead letters; all that is said must hold. */
export interface Filter {
  readonly reason?: string;
  readonly error?: string;
  readonly actor?: string;
  readonly type?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly limit?: number;
}

const names = ["reason", "error", "actor", "type", "since", "until"] as const;

export function filterOptions(command: Command): Command {
  return command
    .option("--provider <url>", "where to look")
    .option("--reason <text>", "whose reason has this in it, in any case")
    .option("--error <name>", "whose error is called so, such as TypeError")
    .option("--actor <name>", "that this actor gave up")
    .option("--type <name>", "whose event is of this type")
    .option(
      "--since <time>",
      "that were given up at that time or later: 2026-03-01T12:00Z, or 2h for two hours ago",
      time,
    )
    .option("--until <time>", "that were given up before that time", time)
    .option("--limit <n>", "no more than so many, the oldest first", whole(1));
}

/** Whether anything is said about which. */
export function isFilter(filter: Filter): boolean {
  return names.some((name) => filter[name] !== undefined);
}

/** The letters that the filter is for, oldest first, no more than its limit. */
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

/** Whether the filter is for a letter; its limit is the caller's matter. */
export function matching({ reason, error, actor, type, since, until }: Filter): (letter: DeadLetter) => boolean {
  return (letter) => {
    const at = letter.lastSeen.getTime();
    return (
      (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
      (error === undefined || letter.errorName === error) &&
      (actor === undefined || letter.actor === actor) &&
      (type === undefined || letter.event.eventType === type) &&
      (since === undefined || at >= since.getTime()) &&
      (until === undefined || at < until.getTime())
    );
  };
}
