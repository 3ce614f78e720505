import type { ActorDescriptor } from "../../actors/actor.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { durationProblems, inMs, type Duration } from "../../base/duration.ts";
import { objectProblems } from "../../base/problems.ts";
import { delay, numberFrom, numberProblems, wholeNumber } from "../../base/numbers.ts";
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
export interface ActorWork {
  /** The time that an attempt takes, without calls of stores. @default "10ms" */
  readonly duration?: Duration | undefined;
  /** The deliveries of an event: 1.02 when 2% are tried again. @default 1 */
  readonly attempts?: number | undefined;
  /** The events to each destination, for one that is handled. @default 1 to each that the actor declares */
  readonly publishes?: Readonly<Record<string, number>> | undefined;
  /** The partition keys among which the events of an ordered actor are spread. @default So many that none is hot. */
  readonly keys?: number | undefined;
  /** The calls of each store, by its name. @default A read and a write of each injected one; two reads of counters. */
  readonly stores?: Readonly<Record<string, StoreCalls>> | undefined;
}

/** Calls of a store for an event, complete. */
export interface Calls {
  readonly reads: number;
  readonly writes: number;
  /** Infinity for so many that none is hot. */
  readonly items: number;
}

/** The work of an actor, complete. */
export interface Work {
  readonly durationMs: number;
  /** True if the duration was seen by a journal, which counts calls of stores and the settlement. */
  readonly whole: boolean;
  readonly attempts: number;
  readonly publishes: ReadonlyMap<string, number>;
  /** Infinity for so many that none is hot. */
  readonly keys: number;
  readonly stores: ReadonlyMap<string, Calls>;
  /** The values that nobody gave and no journal has seen. */
  readonly assumed: readonly ("duration" | "attempts" | "publishes" | "stores")[];
}

const assumedMs = 10;

/** Returns the work of one actor: as given, else as seen, else as assumed. */
export function workOf(
  { publishes }: ActorDescriptor,
  given: ActorWork,
  seen: ObservedActor | undefined,
  injected: ReadonlyMap<string, Calls>,
): Work {
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
    keys: given.keys ?? Infinity,
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

const optionNames = ["duration", "attempts", "publishes", "keys", "stores"] as const satisfies (keyof ActorWork)[];

/** @throws BeeHiveError `InvalidConfiguration` with everything that is wrong. */
export function checkWork(given: Readonly<Record<string, ActorWork>>, descriptors: readonly ActorDescriptor[]): void {
  const problems = Object.entries(given).flatMap(([actor, work]) => {
    const own = descriptors.filter(({ name, queueName }) => actor === name || actor === String(queueName));
    const found =
      own.length > 0 ? workProblems(work, own) : [`there is no such actor; there are ${namesOf(descriptors)}`];
    return found.map((problem) => `${actor}: ${problem}`);
  });
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", `estimate: ${problems.join("; ")}.`);
}

function workProblems(work: ActorWork, own: readonly ActorDescriptor[]): string[] {
  const wrong = objectProblems("its work", work);
  if (wrong.length > 0) return wrong;
  const { duration, attempts, publishes = {}, keys, stores = {} } = work;
  const declared = own.flatMap((descriptor) => descriptor.publishes);
  return [
    ...Object.keys(work)
      .filter((name) => !(optionNames as readonly string[]).includes(name))
      .map((name) => `"${name}" is not an option; there are ${optionNames.join(", ")}`),
    ...(duration === undefined ? [] : durationProblems("duration", duration, delay)),
    ...(attempts === undefined ? [] : numberProblems("attempts", attempts, numberFrom(1))),
    ...(keys === undefined ? [] : numberProblems("keys", keys, wholeNumber(1))),
    ...Object.entries(publishes).flatMap(([to, count]) => [
      ...(declared.some((name) => String(name) === topicOrQueue(to, declared))
        ? []
        : [`it does not publish to ${to}; it declares ${declared.join(", ") || "nothing"}`]),
      ...numberProblems(`publishes.${to}`, count, numberFrom(0)),
    ]),
    ...Object.entries(stores).flatMap(([store, { reads = 0, writes = 0, items }]) => [
      ...(items === undefined ? [] : numberProblems(`stores.${store}.items`, items, wholeNumber(1))),
      ...numberProblems(`stores.${store}.reads`, reads, numberFrom(0)),
      ...numberProblems(`stores.${store}.writes`, writes, numberFrom(0)),
    ]),
  ];
}

function namesOf(descriptors: readonly ActorDescriptor[]): string {
  return [...new Set(descriptors.flatMap(({ name, queueName }) => [name, String(queueName)]))].join(", ");
}
