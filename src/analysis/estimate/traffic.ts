import type { ActorDescriptor } from "../../actors/actor.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Work } from "./work.ts";

/** The events of one subscription or queue, and the work of its actor. */
export interface Flow {
  /** `OrderAccepted-Payment`, or `Invoices`. */
  readonly queue: string;
  /** The topic, or the queue itself. */
  readonly destination: string;
  readonly actor: string;
  readonly ordered: boolean;
  readonly parallelism: number;
  /** The first delay of a retry, in ms. */
  readonly retryMs: number;
  readonly work: Work;
  /** Events a second. */
  readonly rate: number;
}

/** The events that are published to one topic or queue. */
export interface Destination {
  readonly name: string;
  readonly kind: "topic" | "queue";
  /** Events a second. */
  readonly rate: number;
  /** Its subscriptions; one for a queue. */
  readonly flows: readonly Flow[];
}

/** All events of an application, by a rate at its entries. */
export interface Traffic {
  readonly flows: readonly Flow[];
  readonly destinations: readonly Destination[];
  /** Events a second from outside the actors, by destination. */
  readonly entries: ReadonlyMap<string, number>;
  /** Handled events a second, in all. */
  readonly rate: number;
}

/** Actors with their work, before any rate is known. */
export interface Worker {
  readonly descriptor: ActorDescriptor;
  readonly work: Work;
}

const maxRounds = 10_000;
const precision = 1e-9;

/**
 * Follows the events from their entries through the actors, around cycles as well.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the events of a cycle multiply for ever.
 */
export function trafficOf(workers: readonly Worker[], entries: ReadonlyMap<string, number>): Traffic {
  const published = publishedBy(workers, entries);
  const flows = workers.map(({ descriptor, work }): Flow => {
    const { queueName, name, ordered, retry, batch } = descriptor;
    // The events of a batch share its run.
    const parallelism = descriptor.parallelism * (batch?.size ?? 1);
    const destination = String(queueName.destination);
    return {
      queue: String(queueName),
      destination,
      actor: name,
      ordered,
      parallelism,
      retryMs: retry.minDelay,
      work,
      rate: published.get(destination) ?? 0,
    };
  });
  const destinations = [...published].map(([name, rate]): Destination => {
    const kind = name.endsWith("-") ? "topic" : "queue";
    return { name, kind, rate, flows: flows.filter((flow) => flow.destination === name) };
  });
  return { flows, destinations, entries, rate: flows.reduce((sum, { rate }) => sum + rate, 0) };
}

/** Returns events a second by destination: what comes in, and what comes of it, until nothing changes any more. */
function publishedBy(workers: readonly Worker[], entries: ReadonlyMap<string, number>): Map<string, number> {
  const given = [...entries.values()].reduce((sum, rate) => sum + rate, 0);
  let published = new Map(entries);
  for (let round = 0; round < maxRounds; round++) {
    const next = new Map(entries);
    for (const { descriptor, work } of workers) {
      const rate = published.get(String(descriptor.queueName.destination)) ?? 0;
      for (const [to, count] of work.publishes) next.set(to, (next.get(to) ?? 0) + rate * count);
    }
    const change = [...next].reduce(
      (most, [name, rate]) => Math.max(most, Math.abs(rate - (published.get(name) ?? 0))),
      0,
    );
    published = next;
    if (change <= given * precision) return published;
    if (change > given * 1e6) break;
  }
  throw new BeeHiveError(
    "InvalidConfiguration",
    `estimate: events multiply on their way around a cycle, through ${growing(workers, published)}. Say how many ` +
      "each of its actors publishes: by a journal (--observed), or by work: { Actor: { publishes: { … } } }.",
  );
}

/** Returns the destinations with the most events, whose number grew without end. */
function growing(workers: readonly Worker[], published: ReadonlyMap<string, number>): string {
  const read = new Set(workers.map(({ descriptor }) => String(descriptor.queueName.destination)));
  const busiest = [...published].filter(([name]) => read.has(name)).toSorted(([, a], [, b]) => b - a);
  return busiest
    .slice(0, 3)
    .map(([name]) => name)
    .join(", ");
}
