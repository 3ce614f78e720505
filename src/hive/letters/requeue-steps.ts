import { sleep, type Clock } from "../../base/clock.ts";
import { inBatches } from "../../base/in-batches.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import { identityOf } from "../../events/output-id.ts";
import type { QueueName } from "../../events/queue-name.ts";
import type { Choice, ChosenLetter } from "./choice.ts";

export interface StepOptions {
  readonly queues: QueueOperator;
  readonly name: QueueName;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a step may take to settle, in ms. */
  readonly waitMs: number;
  /** Called whenever events were requeued. */
  readonly onRequeued: (count: number) => void;
}

/** How requeueing ended. */
export type StepsEnd =
  | { readonly end: "done" }
  | { readonly end: "interrupted" }
  /** The events with these ids became dead letters again. */
  | { readonly end: "dead again"; readonly ids: readonly string[] }
  /** The events of the last step were not settled in time. */
  | { readonly end: "unsettled" };

const pollMs = 500;

/**
 * Requeues dead letters in steps: one, then ten, then the rest.
 *
 * Waits after each step until its events are settled, so that a fault that persists fails one event and not thousands.
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

/** Requeues these letters. Returns false if the signal aborted before the last one. */
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
 * Waits until the queue is empty, or until one of the events is a dead letter again.
 *
 * The queue must be seen empty twice, because the counts of clouds are approximate.
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
    // Count before looking at the letters: an event that left the queue in between is among the letters already.
    // Look only when their number has changed, as looking through many letters takes long.
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

/** Returns the ids of the events that have a new dead letter. Older letters may be of the same events. */
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
