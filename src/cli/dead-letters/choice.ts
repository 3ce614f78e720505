import type { QueueName } from "../../queue-name.ts";
import type { QueueOperator } from "../../queue-operator.ts";
import { UsageError } from "../exit-code.ts";
import { filtered, isFilter, type Filter } from "./filter.ts";

export interface ChoiceOptions extends Filter {
  readonly all?: boolean;
}

/**
 * The ids that a command is to change: one that is named, or those of a filter, or with `--all` all.
 *
 * @throws UsageError when nothing is said: a forgotten id must not mean everything.
 */
export async function chosenIds(
  queues: QueueOperator,
  name: QueueName,
  id: string | undefined,
  options: ChoiceOptions,
): Promise<string[]> {
  if (id !== undefined) {
    if (options.all || isFilter(options)) throw new UsageError("Give an id, or say which ones by options, not both.");
    return [id];
  }
  if (!options.all && !isFilter(options) && options.limit === undefined)
    throw new UsageError("Say which: the id of an event, a filter such as --error TypeError, or --all.");
  const ids: string[] = [];
  // All before the first is changed: one that dies again at once must not be met a second time.
  for await (const { event } of filtered(queues.deadLetters(name), options)) ids.push(event.id);
  return ids;
}
