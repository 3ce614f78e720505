import type { Hold } from "../actors/pause.ts";
import { publishesProblems, type Publisher } from "../actors/publishes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { valueText } from "../base/numbers.ts";
import type { Provider } from "../contract/provider.ts";
import type { ForeignChannel } from "../contract/surface.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";

/**
 * A stream of another system whose records become events, such as a topic of Kafka.
 *
 * Starts and stops with its hive. `beehive-actors/kafka` makes one; another implements this interface.
 *
 * @example
 * createHive({ actors, sources: [kafkaSource({ client, topic: "orders", group: "shop", to: "OrderPlaced-" })] })
 */
export interface Source extends Publisher {
  /** Unique among the sources of all hives on a provider. Operators pause it by this name. */
  readonly name: string;
  /** The channel that it reads, for `beehive graph --format asyncapi`. @default It is not in the document. */
  readonly channel?: ForeignChannel | undefined;
  /** Begins to read. Failures that may pass, such as a broker that is down, are its own to retry. */
  start(context: SourceContext): RunningSource;
}

/** The hive of a source. */
export interface SourceContext {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The subscriptions and queues that actors of the hive read. */
  readonly readers: readonly QueueName[];
  /**
   * Publishes events, also while the hive waits for the source to stop.
   *
   * @param send publishes them in another way, such as in a transaction of the stores. @default At once.
   */
  readonly publish: (events: readonly Event[], send?: SendEvents) => Promise<void>;
}

/** Publishes events, which carry the headers of their trace. */
export type SendEvents = (events: readonly Event[]) => Promise<void>;

/** A source at work. */
export interface RunningSource {
  /** Reads nothing while an operator holds the source. Goes on without a hold. */
  hold(hold: Hold | undefined): void;
  /** Returns how it is doing now. */
  state(): SourceState;
  /** Ends reading within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** The state of a source in one process. */
export interface SourceState {
  /** The number of records that it has yet to read, of its share; `undefined` while it does not know. */
  readonly behind: number | undefined;
  /** The code or name of the error that holds it up; `undefined` for none. */
  readonly failing: string | undefined;
}

/** Returns what is wrong with sources, in words. */
export function sourceProblems(given: unknown): string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return ["sources must be a list"];
  const names: unknown[] = [];
  const problems = (given as readonly unknown[]).flatMap((source) => {
    const { name, start } = Object(source) as Partial<Source>;
    if (typeof name !== "string" || name === "") return [`a source must have a name, not ${valueText(name)}`];
    if (typeof start !== "function") return [`the source "${name}" has no function start`];
    const twice = names.includes(name) ? [`two sources are called "${name}"`] : [];
    names.push(name);
    return [...twice, ...publishesProblems(`the source "${name}"`, source as Source)];
  });
  return problems;
}
