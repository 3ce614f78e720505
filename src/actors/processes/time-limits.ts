import type { StandardSchemaV1 } from "@standard-schema/spec";
import { inMs, type Duration } from "../../base/duration.ts";
import { eventType, type EventType } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import type { AnyStep, AnyTurn } from "./step.ts";

/** The body of the event that a time limit is. */
export interface TimeLimit {
  /** The key of the process. */
  readonly id: string;
  /** The limit as the options write it: `15m`. */
  readonly limit: string;
}

const schema: StandardSchemaV1<TimeLimit> = {
  "~standard": {
    version: 1,
    vendor: "beehive-actors/process",
    validate(value) {
      const { id, limit } = Object(value) as Partial<TimeLimit>;
      return typeof id === "string" && typeof limit === "string"
        ? { value: { id, limit } }
        : { issues: [{ message: "a time limit has an id and a limit" }] };
    },
  },
};

type Limits = Readonly<Record<string, unknown>>;

/** Returns the type of the time limits of a process; `undefined` if it has none. */
export function timeLimitOf(name: string, after: Limits): EventType<TimeLimit> | undefined {
  if (Object.keys(after).length === 0) return undefined;
  // A queue: a time limit concerns this process alone.
  return eventType(`${name}TimeLimit`, schema, { queueName: `${name}TimeLimit` });
}

/** Returns the step that a time limit is, when it comes. */
export function timeLimitStep(type: EventType<TimeLimit>, after: Limits): AnyStep {
  return {
    event: type,
    by: (body) => (body as TimeLimit).id,
    run: (turn) => (after[(turn.body as TimeLimit).limit] as ((turn: AnyTurn) => never) | undefined)?.(turn),
  };
}

const maxCancelKey = 255;

/** Returns the key by which the time limits of a process are cancelled; none where it would be too long. */
export function timeLimitKey({ name }: EventType<TimeLimit>, id: string): string | undefined {
  const key = `${name}/${id}`;
  return key.length <= maxCancelKey ? key : undefined;
}

/**
 * Returns the time limits of a process that starts now.
 *
 * @param now In ms since the epoch.
 * @param cancelKey The key by which they are cancelled.
 */
export function timeLimitEvents(
  type: EventType<TimeLimit>,
  limits: readonly string[],
  id: string,
  now: number,
  cancelKey: string | undefined,
): readonly Event[] {
  return limits.map((limit) => {
    const ms = inMs(durationOf(limit));
    return type.create({ id, limit }, { enqueueTime: new Date(now + ms), cancelKey });
  });
}

/** Returns the length of time of a property: `{ 900_000: … }` is `"900000"` there. */
export function durationOf(limit: string): Duration {
  return /^\d+$/.test(limit) ? Number(limit) : (limit as Duration);
}
