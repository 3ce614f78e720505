import type { ActorOutput } from "../actors/actor.ts";
import { publishesProblems, type Publisher } from "../actors/publishes.ts";
import { messageOf } from "../base/error-text.ts";
import { numberProblems, wholeMs } from "../base/numbers.ts";
import { Event } from "../events/event.ts";
import type { EventType } from "../events/event-type.ts";
import { nextTime, type Schedule } from "./schedule.ts";

export type { Schedule } from "./schedule.ts";

/** What makes events by time. */
export interface Pulser extends Publisher {
  /** Unique among the pulsers of all hives on a provider: what makes each pulse fire once. */
  readonly name: string;
  readonly schedule: Schedule;
  /** The events of the pulse that was due at `time`. Errors are logged, and the next pulse tries again. */
  pulse(time: Date): ActorOutput | Promise<ActorOutput>;
}

/** The body of the events that {@link pulse} makes. */
export interface PulseBody {
  /** When the pulse was due, as ISO 8601. */
  readonly time: string;
}

/**
 * A pulser that publishes an event of that type, its body the time that was due: `pulse("OneMinutePassed", { every: 60_000 })`,
 * or `pulse(OneMinutePassed, ...)` with an event type, whose events go where the type says.
 */
export function pulse(
  type: string | Pick<EventType<PulseBody>, "name" | "queueName" | "create">,
  schedule: Schedule,
): Pulser {
  const name = typeof type === "string" ? type : type.name;
  return {
    name,
    schedule,
    publishes: [type],
    pulse(time) {
      const body: PulseBody = { time: time.toISOString() };
      return [typeof type === "string" ? new Event(name, body) : type.create(body)];
    },
  };
}

/** What is wrong with pulsers, in words. */
export function pulserProblems(pulsers: readonly Pulser[]): string[] {
  const names = pulsers.map(({ name }) => name);
  const twice = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `two pulsers are called "${name}"`);
  const unpublishable = pulsers.flatMap((pulser) => publishesProblems(`the pulser "${pulser.name}"`, pulser));
  const wrong = pulsers.flatMap(({ name, schedule }) => {
    if (schedule.every !== undefined && (schedule.cron as unknown) !== undefined)
      return [`the pulser "${name}" has both every and cron; give one of them`];
    if (schedule.every !== undefined) {
      return numberProblems(`the pulser "${name}": every`, schedule.every, wholeMs(10));
    }
    try {
      // Only when it is asked for a time does it look at the time zone.
      nextTime(schedule, 0);
      return [];
    } catch (error) {
      return [`the pulser "${name}": ${messageOf(error)}`];
    }
  });
  return [...twice, ...unpublishable, ...wrong];
}
