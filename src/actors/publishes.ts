import type { Published } from "./actor.ts";
import { destination } from "./descriptor.ts";
import { messageOf } from "../base/error-text.ts";

/** Anything that publishes and is no actor: a pulser, or the application itself. */
export interface Publisher {
  /** The topics and queues that it publishes to, as actors name theirs: made by the set-up, drawn in the graph. */
  readonly publishes?: readonly Published[] | undefined;
}

/**
 * Lists what is wrong with the `publishes` of a publisher, in words.
 *
 * @param at The publisher, as the problems name it; empty for the hive itself.
 */
export function publishesProblems(at: string, { publishes = [] }: Publisher): string[] {
  const who = at === "" ? "" : `${at}: `;
  if (!Array.isArray(publishes)) return [`${who}publishes must be a list`];
  return publishes.flatMap((to) => {
    try {
      destination(to);
      return [];
    } catch (error) {
      return [`${at === "" ? "the hive" : at} publishes: ${messageOf(error)}`];
    }
  });
}
