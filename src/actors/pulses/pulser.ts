import type { ActorOutput } from "../actor.ts";
import { publishesProblems, type Publisher } from "../publishes.ts";
import { durationProblems } from "../../base/duration.ts";
import { messageOf } from "../../base/error-text.ts";
import { valueText, wholeMs } from "../../base/numbers.ts";
import { Event } from "../../events/event.ts";
import type { EventType } from "../../events/event-type.ts";
import { nextTime, type Schedule } from "./schedule.ts";

export type { Schedule } from "./schedule.ts";

/**
 * Makes events by the clock. Each pulse fires once, however many processes run the pulser.
 *
 * @example
 * const nightly: Pulser = {
 *   name: "Nightly",
 *   schedule: { cron: "0 3 * * *" },
 *   publishes: ["ReportDue"],
 *   pulse: (time) => [new Event("ReportDue", { day: time.toISOString().slice(0, 10) })],
 * };
 */
export interface Pulser extends Publisher {
  /** Unique among the pulsers of all hives on a provider. Each pulse is locked by this name. */
  readonly name: string;
  readonly schedule: Schedule;
  /** Returns the events of the pulse that was due at `time`. Errors are logged, and the next pulse fires as usual. */
  pulse(time: Date): ActorOutput | Promise<ActorOutput>;
}

/** The body of the events of {@link pulse}. */
export interface PulseBody {
  /** The time at which the pulse was due, as ISO 8601. */
  readonly time: string;
}

/**
 * Returns a pulser that publishes an event with the due time in its body.
 *
 * @example
 * createHive({ actors, pulsers: [pulse("OneMinutePassed", { every: "1m" }), pulse(ReportDue, { cron: "0 3 * * *" })] })
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

/** Returns what is wrong with pulsers, in words. */
export function pulserProblems(given: readonly Pulser[]): string[] {
  if (!Array.isArray(given)) return ["pulsers must be a list"];
  const shapes = (given as readonly Pulser[]).map((pulser) => ({ pulser, problems: shapeProblems(pulser) }));
  const pulsers = shapes.filter(({ problems }) => problems.length === 0).map(({ pulser }) => pulser);
  const names = pulsers.map(({ name }) => name);
  const twice = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `two pulsers are called "${name}"`);
  const unpublishable = pulsers.flatMap((pulser) => publishesProblems(`the pulser "${pulser.name}"`, pulser));
  const wrong = pulsers.flatMap(({ name, schedule }) => {
    if (schedule.every !== undefined && (schedule.cron as unknown) !== undefined)
      return [`the pulser "${name}" has both every and cron; give one of them`];
    if (schedule.every !== undefined) {
      return [
        ...durationProblems(`the pulser "${name}": every`, schedule.every, wholeMs(10)),
        ...("timezone" in schedule && schedule.timezone !== undefined
          ? [`the pulser "${name}": timezone belongs to a cron line; with every, leave it out`]
          : []),
      ];
    }
    try {
      // The time zone of a cron line is checked only when a time is computed.
      if (nextTime(schedule, 0) !== undefined) return [];
      return [`the pulser "${name}": "${schedule.cron}" names a time that never comes; correct its day, month or year`];
    } catch (error) {
      return [`the pulser "${name}": ${messageOf(error)}`];
    }
  });
  return [...shapes.flatMap(({ problems }) => problems), ...twice, ...unpublishable, ...wrong];
}

const scheduleNames = ["every", "cron", "timezone", "missed"];

function shapeProblems(pulser: unknown): string[] {
  if (typeof pulser !== "object" || pulser === null) return [`a pulser must be an object, not ${valueText(pulser)}`];
  const { name, schedule } = pulser as Partial<Pulser>;
  const at = `the pulser "${String(name)}"`;
  if (typeof schedule !== "object" || schedule === null) return [`${at}: it has no schedule`];
  const unknown = Object.keys(schedule).filter((option) => !scheduleNames.includes(option));
  return [
    ...unknown.map((option) => `${at}: "${option}" is no option of a schedule; there are ${scheduleNames.join(", ")}`),
    ...(schedule.every === undefined && (schedule.cron as unknown) === undefined
      ? [`${at}: its schedule has neither every nor cron`]
      : []),
    ...([undefined, "skip", "once"].includes(schedule.missed)
      ? []
      : [`${at}: missed must be "skip" or "once", not ${valueText(schedule.missed)}`]),
  ];
}
