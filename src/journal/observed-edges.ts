import type { Journal, JournalFilter } from "./journal.ts";

/** Events of one type that one actor published to one destination, counted from a journal. */
export interface ObservedEdge {
  /** The class of the actor; `undefined` for events pushed from outside the actors, as by pulsers. */
  readonly from: string | undefined;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the simple queue, `Invoices`. */
  readonly destination: string;
  /** The number of events. */
  readonly count: number;
}

/**
 * Counts who published which events to where, from a journal. Returns the busiest first.
 *
 * @example
 * for (const { from, eventType, count } of await observedEdges(hive.journal)) console.log(from, eventType, count);
 */
export async function observedEdges(journal: Journal, filter?: JournalFilter): Promise<readonly ObservedEdge[]> {
  const edges = new Map<string, { -readonly [K in keyof ObservedEdge]: ObservedEdge[K] }>();
  const count = (from: string | undefined, eventType: string, destination: string): void => {
    const key = `${from ?? ""}\n${eventType}\n${destination}`;
    const known = edges.get(key);
    if (known) known.count++;
    else edges.set(key, { from, eventType, destination, count: 1 });
  };
  for await (const { outcome, actor, eventType, queueName, outputs } of journal.read(filter)) {
    if (outcome === "pushed") count(undefined, eventType, queueName);
    for (const output of outputs) count(actor, output.eventType, output.destination);
  }
  return [...edges.values()].sort((a, b) => b.count - a.count);
}
