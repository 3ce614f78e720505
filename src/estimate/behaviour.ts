import type { ActorDescriptor } from "../actors/actor.ts";
import { BeeHiveError } from "../base/errors.ts";
import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { delay, numberFrom, numberProblems, wholeNumber } from "../base/numbers.ts";
import type { ObservedActor } from "./observe.ts";

/** Calls of a store for an event: of a collection, a keyed list, a counter. */
export interface StoreCalls {
  /** @default 0 */
  readonly reads?: number | undefined;
  /** @default 0 */
  readonly writes?: number | undefined;
  /** The items, such as products, among which the calls are spread. @default So many that none is hot. */
  readonly items?: number | undefined;
}

/**
 * The work of an actor for one event, on average.
 *
 * @example
 * { duration: "40ms", attempts: 1.02, publishes: { "PaymentFailed-": 0.1 }, stores: { Payments: { writes: 1 } } }
 */
export interface ActorBehaviour {
  /** The time that an attempt takes, without calls of stores. @default "10ms" */
  readonly duration?: Duration | undefined;
  /** The deliveries of an event: 1.02 when 2% are tried again. @default 1 */
  readonly attempts?: number | undefined;
  /** The events to each destination, for one that is handled. @default 1 to each that the actor declares */
  readonly publishes?: Readonly<Record<string, number>> | undefined;
  /** The calls of each store, by its name. @default A read and a write of each injected one, a write of counters. */
  readonly stores?: Readonly<Record<string, StoreCalls>> | undefined;
}

/** Calls of a store for an event, complete. */
export interface Calls {
  readonly reads: number;
  readonly writes: number;
  /** Infinity for so many that none is hot. */
  readonly items: number;
}

/** The behaviour of an actor, complete. */
export interface Behaviour {
  readonly durationMs: number;
  /** True if the duration was seen by a journal, which counts calls of stores and the settlement. */
  readonly whole: boolean;
  readonly attempts: number;
  readonly publishes: ReadonlyMap<string, number>;
  readonly stores: ReadonlyMap<string, Calls>;
  /** The values that nobody gave and no journal has seen. */
  readonly assumed: readonly ("duration" | "attempts" | "publishes" | "stores")[];
}

const assumedMs = 10;

/** Returns the behaviour of one actor: as given, else as seen, else as assumed. */
export function behaviourOf(
  { publishes }: ActorDescriptor,
  given: ActorBehaviour,
  seen: ObservedActor | undefined,
  injected: ReadonlyMap<string, Calls>,
): Behaviour {
  const published = given.publishes ?? seen?.publishes;
  const known = {
    duration: given.duration ?? seen?.durationMs,
    attempts: given.attempts ?? seen?.attempts,
    publishes: published,
    stores: given.stores,
  };
  return {
    durationMs: inMs(known.duration ?? assumedMs),
    whole: given.duration === undefined && seen !== undefined,
    attempts: known.attempts ?? 1,
    publishes: new Map(
      published
        ? Object.entries(published).map(([name, count]) => [topicOrQueue(name, publishes), count])
        : publishes.map((name) => [String(name), 1]),
    ),
    stores: given.stores
      ? new Map(
          Object.entries(given.stores).map(
            ([name, { reads = 0, writes = 0, items = Infinity }]) => [name, { reads, writes, items }] as const,
          ),
        )
      : injected,
    assumed: (["duration", "attempts", "publishes", "stores"] as const).filter(
      (name) =>
        known[name] === undefined &&
        (name !== "publishes" || publishes.length > 0) &&
        (name !== "stores" || injected.size > 0),
    ),
  };
}

/** Returns a destination by its name: a bare one is a topic, unless the actor publishes to a queue of that name. */
export function topicOrQueue(name: string, known: readonly { toString(): string }[]): string {
  return name.includes("-") || known.some((one) => String(one) === name) ? name : `${name}-`;
}

/** @throws BeeHiveError `InvalidConfiguration` with everything that is wrong. */
export function checkBehaviours(
  given: Readonly<Record<string, ActorBehaviour>>,
  descriptors: readonly ActorDescriptor[],
): void {
  const names = new Set(descriptors.flatMap(({ name, queueName }) => [name, String(queueName)]));
  const problems = Object.entries(given).flatMap(([actor, { duration, attempts, publishes = {}, stores = {} }]) =>
    [
      ...(names.has(actor) ? [] : [`there is no such actor; there are ${[...names].join(", ")}`]),
      ...(duration === undefined ? [] : durationProblems("duration", duration, delay)),
      ...(attempts === undefined ? [] : numberProblems("attempts", attempts, numberFrom(1))),
      ...Object.entries(publishes).flatMap(([to, count]) => numberProblems(`publishes.${to}`, count, numberFrom(0))),
      ...Object.entries(stores).flatMap(([store, { reads = 0, writes = 0, items }]) => [
        ...(items === undefined ? [] : numberProblems(`stores.${store}.items`, items, wholeNumber(1))),
        ...numberProblems(`stores.${store}.reads`, reads, numberFrom(0)),
        ...numberProblems(`stores.${store}.writes`, writes, numberFrom(0)),
      ]),
    ].map((problem) => `${actor}: ${problem}`),
  );
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", `estimate: ${problems.join("; ")}.`);
}
