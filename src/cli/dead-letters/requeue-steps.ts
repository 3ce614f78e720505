import { sleep, type Clock } from "../../base/clock.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { identityOf } from "../../events/identity.ts";
import type { QueueName } from "../../events/queue-name.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import { inBatches } from "../../base/in-batches.ts";
import type { Choice, ChosenLetter } from "./choice.ts";

export interface StepOptions {
  readonly queues: QueueOperator;
  readonly name: QueueName;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a step may take to settle, in ms. */
  readonly waitMs: number;
  /** Called whenever events were sent back. */
  readonly onRequeued: (count: number) => void;
}

/** How it ended: all sent back, or why not. */
export type StepsEnd =
  | { readonly end: "done" }
  | { readonly end: "interrupted" }
  /** The events of these ids died again. */
  | { readonly end: "dead again"; readonly ids: readonly string[] }
  /** Nobody settled the last step in time. */
  | { readonly end: "unsettled" };

const pollMs = 500;

/**
 * Sends dead letters back in steps: one, then ten, then the rest. After each it waits until those are settled, so that
 * what is still broken shows with one event and not with thousands, and the last step is known to have gone well.
 */
export async function requeueInSteps({ letters, known }: Choice, options: StepOptions): Promise<StepsEnd> {
  let sent = 0;
  for (const size of [1, 10, Infinity]) {
    const step = letters.slice(sent, sent + size);
    if (step.length === 0) break;
    const all = await requeueAll(step, options);
    if (!all) return { end: "interrupted" };
    sent += step.length;
    const settled = await settle(new Set(step.map(({ identity }) => identity)), known, options);
    if (settled.end !== "done") return settled;
  }
  return { end: "done" };
}

/** Sends these back; returns whether it came to the end before the signal aborted. */
export function requeueAll(
  letters: readonly ChosenLetter[],
  { queues, name, signal, onRequeued }: Pick<StepOptions, "queues" | "name" | "signal" | "onRequeued">,
): Promise<boolean> {
  const requeue = async ({ id }: ChosenLetter): Promise<void> => {
    await queues.requeue(name, id);
    onRequeued(1);
  };
  return inBatches(letters, requeue, signal);
}

/**
 * Waits until none of these waits or is worked on: until the queue is empty, seen twice because clouds count only
 * about right, or until one of them is among the dead letters again.
 */
async function settle(
  identities: ReadonlySet<string>,
  known: ReadonlySet<string>,
  { queues, name, clock, signal, waitMs }: StepOptions,
): Promise<StepsEnd> {
  const giveUpAt = clock.now() + waitMs;
  let seenEmpty = 0;
  let lastDead = -1;
  while (!signal.aborted) {
    const { ready, leased, delayed, dead } = await queues.counts(name);
    const late = clock.now() >= giveUpAt;
    seenEmpty = ready + leased + delayed === 0 ? seenEmpty + 1 : 0;
    // Counted before the letters are looked at: what left the queue in between was buried before. Looking through very
    // many takes long, and is in vain while their number stays.
    const look = dead !== lastDead || seenEmpty > 0 || late;
    const again = look ? await deadAgain(queues.deadLetters(name), identities, known) : [];
    lastDead = dead;
    if (again.length > 0) return { end: "dead again", ids: again };
    if (seenEmpty >= 2) return { end: "done" };
    if (late) return { end: "unsettled" };
    await sleep(clock, pollMs, signal);
  }
  return { end: "interrupted" };
}

/** The ids of those events that were given up since. Older letters may be of the same events. */
async function deadAgain(
  letters: AsyncIterable<DeadLetter>,
  identities: ReadonlySet<string>,
  known: ReadonlySet<string>,
): Promise<string[]> {
  const found: string[] = [];
  for await (const { id, event } of letters)
    if (!known.has(id) && identities.has(identityOf(event))) found.push(event.id);
  return found;
}
