import type { DeadLetter } from "../../contract/dead-letter.ts";
import { identityOf } from "../../events/output-id.ts";

/** The few facts of a dead letter that are kept in memory. There may be very many letters. */
export interface ChosenLetter {
  readonly id: string;
  readonly eventId: string;
  /** The identity of the event, see {@link identityOf}. */
  readonly identity: string;
}

export interface Choice {
  readonly letters: readonly ChosenLetter[];
  /** The ids of all letters at the start, chosen or not. Letters with other ids are new. */
  readonly known: ReadonlySet<string>;
}

/** Returns the facts of a letter that a choice keeps. */
export function chosen({ id, event }: DeadLetter): ChosenLetter {
  return { id, eventId: event.id, identity: identityOf(event) };
}
