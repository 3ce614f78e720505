import {
  actorDescription,
  type ActorClass,
  type ActorContext,
  type ProcessorActor,
  type Published,
  type TypedContext,
} from "../actor.ts";
import { destination } from "../descriptor.ts";
import { throwProblems } from "../../base/problems.ts";
import type { CollectionStore } from "../../contract/stores.ts";
import type { AnyEventType } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import { injects } from "../injection/container.ts";
import type { Token } from "../injection/tokens.ts";
import { usedIn, type Uses } from "../injection/uses.ts";
import { processProblems } from "./problems.ts";
import type { ProcessOptions } from "./process-options.ts";
import { ProcessRun } from "./process-run.ts";
import type { ProcessState } from "./process-state.ts";
import type { AnyStep } from "./step.ts";
import { timeLimitOf, timeLimitStep } from "./time-limits.ts";

/**
 * Makes a process manager, also called a saga: an actor that leads one process from its start to its end.
 *
 * It takes several types of events, keeps the state of each process in a collection, knows the process of an event by a
 * key in its body, compensates what a cancelled process took, and has time limits. It takes each event once, also where
 * a provider repeats steps. To modules, hives and graphs it is one actor.
 *
 * @param name The name of the actor and of its subscriptions: `SeatHeld-Booking`.
 * @param store The token of the collection that holds the state.
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * export const Booking = processManager("Booking", Bookings, {
 *   publishes: [SeatWanted, SeatReleased, BookingConfirmed, BookingCancelled],
 *   starts: { event: BookingRequested, run: ({ id }) => [SeatWanted.create({ id })] },
 *   on: [
 *     {
 *       event: SeatHeld,
 *       run: ({ id, complete }) => complete(BookingConfirmed.create({ id })),
 *       undo: ({ id }) => [SeatReleased.create({ id })],
 *     },
 *   ],
 *   after: { "15m": ({ id, cancel }) => cancel(BookingCancelled.create({ id })) },
 * });
 */
export function processManager<
  S extends ProcessState,
  First extends AnyEventType,
  const P extends readonly Published[] = readonly [],
  const Others extends readonly AnyEventType[] = readonly [],
  const U extends Uses = Record<never, never>,
  const K extends string = "id",
>(name: string, store: Token<CollectionStore<S>>, options: ProcessOptions<S, P, First, Others, U, K>): ActorClass {
  throwProblems(processProblems(name, options));
  const { uses = {}, publishes = [], starts, on = [], after = {}, key = "id", ...rest } = options;
  const limit = timeLimitOf(name, after);
  const steps = [starts, ...(on as readonly unknown[]), ...(limit ? [timeLimitStep(limit, after)] : [])] as AnyStep[];
  const run = new ProcessRun({ name, key, steps, limit, limits: Object.keys(after) });
  class ProcessManager implements ProcessorActor {
    readonly #states: CollectionStore<ProcessState>;
    readonly #used: Readonly<Record<string, unknown>>;

    constructor(states: CollectionStore<ProcessState>, ...injected: readonly unknown[]) {
      this.#states = states;
      this.#used = usedIn(uses, injected);
    }

    processAsync(event: Event, context: ActorContext): Promise<readonly Event[]> {
      return run.take(event, context as TypedContext<AnyEventType>, this.#states, this.#used);
    }
  }
  Object.defineProperty(ProcessManager, "name", { value: name });
  injects(store, ...Object.values<Uses[string]>(uses))(ProcessManager as never);
  const all = [...publishes, ...(limit ? [limit] : [])];
  // The last is first in the list of subscriptions, as with decorators.
  for (const { event } of steps.toReversed())
    actorDescription(subscription(event, name), { ...rest, name, event, publishes: all })(ProcessManager);
  return ProcessManager;
}

/** Returns where a process manager reads a type of events: a subscription of its topic, or its queue. */
function subscription(type: AnyEventType, name: string): string {
  const to = destination(type);
  return to.kind === "topic" ? `${to.topic}-${name}` : String(to);
}
