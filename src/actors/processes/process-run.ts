import type { TypedContext } from "../actor.ts";
import { collect } from "../output.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { CollectionStore } from "../../contract/stores.ts";
import type { AnyEventType, EventType } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import { identityOf } from "../../events/output-id.ts";
import { eventFrom, remembered, textOf, type ProcessState, type TakenEvent } from "./process-state.ts";
import type { AnyStep, AnyTurn, State } from "./step.ts";
import { timeLimitEvents, timeLimitKey, type TimeLimit } from "./time-limits.ts";

type Used = Readonly<Record<string, unknown>>;
type States = CollectionStore<ProcessState>;
export interface ProcessParts {
  readonly name: string;
  readonly key: string;
  /** The first starts the process. */
  readonly steps: readonly AnyStep[];
  readonly limit: EventType<TimeLimit> | undefined;
  readonly limits: readonly string[];
}

/** An event under way to its process. */
interface Arrival {
  readonly id: string;
  readonly event: Event;
  readonly step: AnyStep;
  readonly context: TypedContext<AnyEventType>;
  readonly used: Used;
}

/** Takes the events of the processes of one manager. It reads from top to bottom. */
export class ProcessRun {
  readonly #parts: ProcessParts;
  readonly #steps: ReadonlyMap<AnyEventType | undefined, AnyStep>;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    this.#steps = new Map(parts.steps.map((step) => [step.event, step]));
  }

  /** Takes one event: finds its process, lets the step run, and stores the state. Returns the events that follow. */
  async take(event: Event, context: TypedContext<AnyEventType>, states: States, used: Used): Promise<readonly Event[]> {
    const step = this.#steps.get(context.descriptor.event) as AnyStep;
    const id = this.#keyOf(step, context.body, event);
    if (id === undefined) return [];
    const arrival: Arrival = { id, event, step, context, used };
    const state = await states.find(id);
    if (!state) return this.#start(arrival, states);
    const before = state.taken?.find((one) => one.id === identityOf(event));
    // A repeated step: its state is stored already, and what it published may be lost.
    if (before) return before.outputs.map(eventFrom);
    const outputs = await this.#next(arrival, state);
    if (!outputs) {
      context.logger.debug({ process: id, status: state.status }, "ignored an event that the process needs no more");
      return [];
    }
    return this.#store(arrival, state, outputs, (item) => states.update(item));
  }

  async #start(arrival: Arrival, states: States): Promise<readonly Event[]> {
    const { id, step, event, context } = arrival;
    const { name, steps, limit, limits } = this.#parts;
    if (step !== steps[0])
      throw new BeeHiveError(
        "NotFound",
        `${name} "${id}" has not started, so it cannot take ${event.eventType}. It is retried, in case that ` +
          `${steps[0]?.event.name} comes later. An event that concerns no process has no key: let "by" return undefined.`,
      );
    const state = { id, status: "open" } as State;
    const outputs = await this.#run(arrival, state);
    // Where a step is not atomic, to cancel an event costs more than to ignore it.
    const cancelKey = limit && context.atomic ? timeLimitKey(limit, id) : undefined;
    const due =
      limit && state.status === "open" ? timeLimitEvents(limit, limits, id, context.clock.now(), cancelKey) : [];
    return this.#store(arrival, state, [...outputs, ...due], (item) => states.insert(item));
  }

  /** Returns the outputs of an event of a started process; `undefined` if it changes nothing. */
  async #next(arrival: Arrival, state: State): Promise<readonly Event[] | undefined> {
    const { step } = arrival;
    if (step === this.#parts.steps[0]) return undefined;
    if (state.status === "open") return this.#run(arrival, state);
    if (state.status === "cancelled" && step.undo) return this.#undo(arrival, state, arrival.event, step);
    return undefined;
  }

  /** Runs the step, and the compensations if it cancels the process. */
  async #run(arrival: Arrival, state: State): Promise<readonly Event[]> {
    const { id, event, step, context, used } = arrival;
    const outputs: Event[] = [];
    const { limit } = this.#parts;
    const cancelKey = limit && context.atomic && step !== this.#parts.steps[0] ? timeLimitKey(limit, id) : undefined;
    const end = (status: "completed" | "cancelled", events: readonly Event[]): void => {
      Object.assign(state, { status });
      if (cancelKey !== undefined) context.cancel(cancelKey);
      outputs.push(...events);
    };
    const turn: AnyTurn = {
      ...used,
      id,
      state,
      context,
      event,
      body: context.body,
      has: (...types) =>
        types.every(
          ({ name }) => name === event.eventType || (state.taken?.some((one) => one.eventType === name) ?? false),
        ),
      complete: (...events) => end("completed", events),
      cancel: (...events) => end("cancelled", events),
    };
    outputs.push(...(await collect(await step.run?.(turn), context)));
    if (state.status === "cancelled") outputs.push(...(await this.#undoAll(arrival, state)));
    return outputs;
  }

  /** Returns the compensations of the event and of all before it, the latest first. */
  async #undoAll(arrival: Arrival, state: State): Promise<readonly Event[]> {
    const outputs: Event[] = [];
    if (arrival.step.undo) outputs.push(...(await this.#undo(arrival, state, arrival.event, arrival.step)));
    for (const { event: text, eventType } of (state.taken ?? []).toReversed()) {
      const step = this.#parts.steps.find(({ event }) => event.name === eventType);
      if (text !== undefined && step) outputs.push(...(await this.#undo(arrival, state, eventFrom(text), step)));
    }
    return outputs;
  }

  async #undo({ id, context, used }: Arrival, state: State, event: Event, step: AnyStep): Promise<readonly Event[]> {
    const taken = { ...used, id, state, context, event, body: step.event.read(event) };
    return collect(await step.undo?.(taken), context);
  }

  /** Stores the state with the event and its outputs: a repeated step publishes the same. */
  async #store(
    { event, step }: Arrival,
    state: State,
    outputs: readonly Event[],
    write: (item: ProcessState) => Promise<unknown>,
  ): Promise<readonly Event[]> {
    const taken: TakenEvent = {
      id: identityOf(event),
      eventType: event.eventType,
      ...(step.undo ? { event: textOf(event) } : {}),
      outputs: outputs.map(textOf),
    };
    await write({ ...state, taken: remembered([...(state.taken ?? []), taken]) });
    return outputs;
  }

  #keyOf({ by, event: { name } }: AnyStep, body: unknown, event: Event): string | undefined {
    if (by) return by(body, event);
    const { key } = this.#parts;
    const id = (Object(body) as Readonly<Record<string, unknown>>)[key];
    if (typeof id === "string") return id;
    throw new BeeHiveError(
      "BodyUnreadable",
      `The body of ${name} ${event.id} has no text "${key}", by which ${this.#parts.name} finds its process. ` +
        `Give the step of ${name} a function "by".`,
    );
  }
}
