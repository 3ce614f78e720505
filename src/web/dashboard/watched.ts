import type { ActorDescriptor } from "../../actors/actor.ts";
import { systemClock, type Clock } from "../../base/clock.ts";
import type { Provider } from "../../contract/provider.ts";
import { isEventType, type EventType } from "../../events/event-type.ts";
import type { QueueName } from "../../events/queue-name.ts";
import type { Hive } from "../../hive/hive.ts";
import { Operator } from "../../hive/operator.ts";
import type { Journal } from "../../journal/journal.ts";
import { defaultJournal, journalOf } from "../../journal/open-journal.ts";
import type { Pulser } from "../../actors/pulses/pulser.ts";

/** The provider to look at, with the known parts of its application. */
export interface Watched {
  readonly provider: Provider;
  readonly clock: Clock;
  /** `undefined` when none is kept, or another process has it in its memory. */
  readonly journal: Journal | undefined;
  readonly descriptors: readonly ActorDescriptor[];
  readonly pulsers: readonly Pulser[];
  readonly eventTypes: readonly EventType<unknown>[];
  /** The acts of an operator on the provider. */
  readonly operator: Operator;
  /** The hive of this process, if it is one. */
  readonly hive: Hive | undefined;
}

/** The parts of an application that are known beside its hive. */
export type KnownParts = Partial<Pick<Watched, "descriptors" | "pulsers" | "eventTypes" | "clock">>;

/** Returns the parts to watch of a hive or a provider. */
export function watchedOf(source: Hive | Provider, known: KnownParts = {}): Watched {
  const hive = "descriptors" in source ? source : undefined;
  const provider = "descriptors" in source ? source.provider : source;
  const descriptors = hive?.descriptors ?? known.descriptors ?? [];
  const read = descriptors.flatMap(({ event }) => (isEventType(event) ? [event] : []));
  const clock = known.clock ?? systemClock;
  return {
    provider,
    clock,
    operator: hive?.operator ?? new Operator(provider, clock),
    journal: hive ? hive.journal : defaultJournal(provider) === "memory" ? undefined : journalOf(provider),
    descriptors,
    pulsers: hive?.pulsers ?? known.pulsers ?? [],
    eventTypes: [...new Set([...(known.eventTypes ?? []), ...read])],
    hive,
  };
}

/** Returns the actor that reads a queue, if it is known. */
export function readerOf({ descriptors }: Pick<Watched, "descriptors">, name: QueueName): ActorDescriptor | undefined {
  return descriptors.find(({ queueName }) => `${queueName}` === `${name}`);
}
