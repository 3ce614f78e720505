import type { QueueOperator } from "../../contract/queue-operator.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { chosen, type Choice, type ChosenLetter } from "../../hive/letters/choice.ts";
import { UsageError } from "../exit-code.ts";
import { isFilter, matching, type Filter } from "./filter.ts";

export interface ChoiceOptions extends Filter {
  readonly all?: boolean;
}

/**
 * Returns the letters that a command changes: all that match the filter, or every one with `--all`.
 *
 * @throws UsageError when there is neither a filter nor `--all`: a forgotten id must not mean everything.
 */
export async function choose(queues: QueueOperator, name: QueueName, options: ChoiceOptions): Promise<Choice> {
  if (!options.all && !isFilter(options) && options.limit === undefined)
    throw new UsageError("Name the dead letters: by an id, a filter such as --error TypeError, or --all.");
  const known = new Set<string>();
  const letters: ChosenLetter[] = [];
  // List all letters before the first is changed, so that a requeued event that fails again is not met twice.
  const matches = matching(options);
  for await (const letter of queues.deadLetters(name)) {
    known.add(letter.id);
    if (letters.length < (options.limit ?? Infinity) && matches(letter)) letters.push(chosen(letter));
  }
  return { letters, known };
}

/** Returns the letter with that id, or the letter of the event with that id. */
export function named(id: string, options: ChoiceOptions): Choice {
  if (options.all || isFilter(options)) throw new UsageError("Give either an id or a filter, not both.");
  return { letters: [{ id, eventId: id, identity: id }], known: new Set() };
}
