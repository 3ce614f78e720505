import { messageOf } from "../base/error-text.ts";
import type { Published } from "./actor.ts";
import { destination } from "./descriptor.ts";

/** Publishes events without being an actor: a pulser, or the application itself. */
export interface Publisher {
  /** Topics, queues and event types to publish to, written like those of an actor. */
  readonly publishes?: readonly Published[] | undefined;
}

/**
 * Returns what is wrong with the `publishes` of a publisher, in words.
 *
 * @param at The name of the publisher in the problems; empty for the hive itself.
 */
export function publishesProblems(at: string, { publishes = [] }: Publisher): string[] {
  const prefix = at === "" ? "" : `${at}: `;
  if (!Array.isArray(publishes)) return [`${prefix}publishes must be a list`];
  return publishes.flatMap((to) => {
    try {
      destination(to);
      return [];
    } catch (error) {
      return [`${at === "" ? "the hive" : at} publishes: ${messageOf(error)}`];
    }
  });
}
