import type { CallTimes } from "./calls.ts";
import type { Flow, Traffic } from "./traffic.ts";

/** The slots that an actor needs, by Little's law. */
export interface Slots {
  readonly queue: string;
  readonly actor: string;
  /** Events a second. */
  readonly rate: number;
  /** The time for which an attempt holds its slot, in ms. */
  readonly holdMs: number;
  /** The mean number of slots in use. */
  readonly busy: number;
  /** Slots with head room. */
  readonly slots: number;
  /** Slots of one process: the `parallelism` of the actor. */
  readonly parallelism: number;
  /** The most events a second of one partition key; `undefined` for an actor that keeps no order. */
  readonly perKey: number | undefined;
}

/** Returns the time for which an attempt holds its slot, in ms: the actor, its calls of stores, the settlement. */
function holdMs({ work }: Flow, times: CallTimes, seenHere: boolean): number {
  const { durationMs, whole, stores, publishes } = work;
  if (whole && seenHere) return durationMs;
  let calls = 0;
  for (const { reads, writes } of stores.values()) calls += reads + writes;
  const outputs = [...publishes.values()].some((count) => count > 0);
  return durationMs + calls * times.store + (outputs ? times.publish : 0) + times.settle;
}

/**
 * Returns the slots of each actor.
 *
 * @param headRoom The share of slots that stays free on average.
 * @param seenHere True if a journal of this provider has the durations.
 */
export function slotsOf({ flows }: Traffic, times: CallTimes, headRoom: number, seenHere: boolean): Slots[] {
  return flows.map((flow) => {
    const { queue, actor, rate, ordered, parallelism, work } = flow;
    const hold = holdMs(flow, times, seenHere);
    const busy = (rate * work.attempts * hold) / 1_000;
    const slots = Math.max(1, Math.ceil(busy / (1 - headRoom)));
    const perKey = ordered ? 1_000 / (hold * work.attempts) : undefined;
    return { queue, actor, rate, holdMs: hold, busy, slots, parallelism, perKey };
  });
}

/** The number of processes, and a cure where slots alone need so many. */
export interface Processes {
  readonly count: number;
  /** Processors in use at most, if slots were enough. */
  readonly processors: number;
  readonly note: string | undefined;
}

/** Returns the number of processes: enough slots for each actor, and enough processor time for all. */
export function processesFor(
  { flows }: Traffic,
  slots: readonly Slots[],
  times: CallTimes,
  headRoom: number,
): Processes {
  const [widest] = slots.toSorted((a, b) => b.slots / b.parallelism - a.slots / a.parallelism);
  const bySlots = widest ? Math.ceil(widest.slots / widest.parallelism) : 1;
  const deliveries = flows.reduce((sum, { rate, work }) => sum + rate * work.attempts, 0);
  const processors = Math.max(1, Math.ceil((deliveries * times.processor) / 1_000 / (1 - headRoom)));
  const count = Math.max(bySlots, processors);
  if (!widest || bySlots <= processors) return { count, processors, note: undefined };
  const note =
    `${widest.queue} needs ${widest.slots.toLocaleString("en-US")} slots, and a process has ${widest.parallelism}. A ` +
    `higher parallelism saves processes: their processors are busy to ${Math.ceil((processors / count) * 100)}% at most.`;
  return { count, processors, note };
}
