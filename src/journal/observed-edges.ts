import type { Journal, JournalFilter } from "./journal.ts";

/** That events of one type were published to one place by one actor, as a journal has seen it. */
export interface ObservedEdge {
  /** The name of the actor's class; nothing when the event was pushed from outside the actors, as pulsers do. */
  readonly from: string | undefined;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the simple queue, `Invoices`. */
  readonly destination: string;
  /** How many events. */
  readonly count: number;
}

/** Who published how many events of which type to where, as far as a journal goes back; the busiest first. */
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
