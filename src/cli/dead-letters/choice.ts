import type { DeadLetter } from "../../contract/dead-letter.ts";
import { identityOf } from "../../events/identity.ts";
import type { QueueName } from "../../events/queue-name.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import { UsageError } from "../exit-code.ts";
import { isFilter, matching, type Filter } from "./filter.ts";

export interface ChoiceOptions extends Filter {
  readonly all?: boolean;
}

/** A letter as it is remembered while it is sent back or dropped: there may be very many. */
export interface ChosenLetter {
  readonly id: string;
  readonly eventId: string;
  /** The identity of its event, see {@link identityOf}. */
  readonly identity: string;
}

export interface Choice {
  readonly letters: readonly ChosenLetter[];
  /** The ids of all letters that were there, chosen or not: any other was given up since. */
  readonly known: ReadonlySet<string>;
}

/**
 * The letters that a command is to change: those of a filter, or with `--all` all.
 *
 * @throws UsageError when nothing is said: a forgotten id must not mean everything.
 */
export async function choose(queues: QueueOperator, name: QueueName, options: ChoiceOptions): Promise<Choice> {
  if (!options.all && !isFilter(options) && options.limit === undefined)
    throw new UsageError("Say which: the id of a letter or an event, a filter such as --error TypeError, or --all.");
  const known = new Set<string>();
  const letters: ChosenLetter[] = [];
  // All before the first is changed: one that dies again at once must not be met a second time.
  const matches = matching(options);
  for await (const letter of queues.deadLetters(name)) {
    known.add(letter.id);
    if (letters.length < (options.limit ?? Infinity) && matches(letter)) letters.push(chosen(letter));
  }
  return { letters, known };
}

/** The letter that is named, by its own id or by that of its event. */
export function named(id: string, options: ChoiceOptions): Choice {
  if (options.all || isFilter(options)) throw new UsageError("Give an id, or say which ones by options, not both.");
  return { letters: [{ id, eventId: id, identity: id }], known: new Set() };
}

function chosen({ id, event }: DeadLetter): ChosenLetter {
  return { id, eventId: event.id, identity: identityOf(event) };
}
