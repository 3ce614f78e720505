import { sleep, type Clock } from "../../clock.ts";
import type { QueueName } from "../../queue-name.ts";
import type { QueueOperator } from "../../queue-operator.ts";

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
  /** These died again. */
  | { readonly end: "dead again"; readonly ids: readonly string[] }
  /** Nobody settled the last step in time. */
  | { readonly end: "unsettled" };

const pollMs = 500;

/**
 * Sends dead letters back in steps: one, then ten, then the rest. After each but the last it waits until those are
 * settled, so that what is still broken shows with one event and not with thousands.
 */
export async function requeueInSteps(ids: readonly string[], options: StepOptions): Promise<StepsEnd> {
  let sent = 0;
  for (const size of [1, 10, Infinity]) {
    const step = ids.slice(sent, sent + size);
    if (step.length === 0) break;
    const all = await requeueAll(step, options);
    if (!all) return { end: "interrupted" };
    sent += step.length;
    if (sent === ids.length) break;
    const settled = await settle(step, options);
    if (settled.end !== "done") return settled;
  }
  return { end: "done" };
}

/** Sends these back; answers whether it came to the end before the signal aborted. */
export async function requeueAll(
  ids: readonly string[],
  { queues, name, signal, onRequeued }: Pick<StepOptions, "queues" | "name" | "signal" | "onRequeued">,
): Promise<boolean> {
  for (const id of ids) {
    if (signal.aborted) return false;
    await queues.requeue(name, id);
    onRequeued(1);
  }
  return true;
}

/**
 * Waits until none of these waits or is worked on: until the queue is empty, seen twice because clouds count only
 * about right, or until one of them is among the dead letters again.
 */
async function settle(ids: readonly string[], options: StepOptions): Promise<StepsEnd> {
  const { queues, name, clock, signal, waitMs } = options;
  const giveUpAt = clock.now() + waitMs;
  let seenEmpty = 0;
  while (!signal.aborted) {
    const { ready, leased, delayed } = await queues.counts(name);
    seenEmpty = ready + leased + delayed === 0 ? seenEmpty + 1 : 0;
    // Counted before the letters are looked at: what left the queue in between was buried before.
    const again = await amongDead(queues, name, ids);
    if (again.length > 0) return { end: "dead again", ids: again };
    if (seenEmpty >= 2) return { end: "done" };
    if (clock.now() >= giveUpAt) return { end: "unsettled" };
    await sleep(clock, pollMs, signal);
  }
  return { end: "interrupted" };
}

async function amongDead(queues: QueueOperator, name: QueueName, ids: readonly string[]): Promise<string[]> {
  const wanted = new Set(ids);
  const found: string[] = [];
  for await (const { event } of queues.deadLetters(name)) if (wanted.has(event.id)) found.push(event.id);
  return found;
}
