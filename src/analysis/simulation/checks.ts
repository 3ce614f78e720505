import { messageOf } from "../../base/error-text.ts";
import type { Fate, History, Violation } from "./history.ts";
import type { Scene } from "./scene.ts";
import { differences, isIgnored, type Snapshot } from "./snapshot.ts";

/**
 * The checks of a simulation after each run, besides the invariant of the user.
 *
 * - `settles`: all events are settled, and nothing goes on for ever.
 * - `lost`: each published event was committed or dead-lettered in each subscription.
 * - `deadLetters`: no event is dead-lettered that a calm run commits.
 * - `floors`: no counter is below a `min` that an increment named.
 * - `outcome`: the stores hold what a calm run leaves in them.
 * - `external`: no call to the outside is repeated, see `external`.
 * - `guarantees`: the provider keeps its own promises: a lost lease settles nothing, a key is worked on in order, an
 *   atomic step commits once.
 */
export type Check = (typeof checkNames)[number];

export const checkNames = ["settles", "lost", "deadLetters", "floors", "outcome", "external", "guarantees"] as const;

/** The result of a calm run. */
export interface Calm {
  readonly outcome: Snapshot;
  /** Subscriptions and events that a calm run dead-letters. */
  readonly dead: ReadonlySet<string>;
  readonly points: number;
  /** Paths that differ between two calm runs: times, random numbers. */
  readonly unsteady: readonly string[];
}

/** Returns the rules that a run has broken. @param calm `undefined` for the calm run itself. */
export function violations(
  scene: Scene,
  outcome: Snapshot,
  { calm, ignore, isOn }: { calm: Calm | undefined; ignore: readonly string[]; isOn: (check: Check) => boolean },
): readonly Violation[] {
  const { history } = scene;
  const found: Violation[] = [];
  const check = (name: Check, messages: () => readonly string[]): void => {
    if (isOn(name)) for (const message of messages()) found.push({ check: name, message });
  };
  check("lost", () => lost(history));
  check("guarantees", () => [...history.violations.map(({ message }) => message), ...repeated(scene)]);
  check("external", () => externalRepeats(scene));
  check("floors", () => belowFloor(scene, outcome));
  if (calm) {
    check("deadLetters", () => unexpectedLetters(history, calm.dead));
    check("outcome", () => otherOutcome(calm, outcome, ignore));
  }
  return found;
}

function lost({ fates }: History): readonly string[] {
  return [...fates.values()]
    .filter(({ committed, dead, cancelled }) => committed === 0 && !dead && !cancelled)
    .map((fate) => `${nameOf(fate)} was published, and never committed, cancelled or dead-lettered.`);
}

/** Returns the dead events by name. */
export function deadOf({ fates }: History): ReadonlySet<string> {
  return new Set([...fates].filter(([, { dead }]) => dead).map(([key]) => key));
}

function unexpectedLetters({ fates }: History, expected: ReadonlySet<string>): readonly string[] {
  return [...fates]
    .filter(([key, { dead }]) => dead && !expected.has(key))
    .map(([, fate]) => {
      const { error } = fate.deliveries.findLast(({ outcome }) => outcome === "dead-lettered") ?? {};
      return `${nameOf(fate)} was dead-lettered${error === undefined ? "" : `: ${messageOf(error)}`}`;
    });
}

/** Returns the events that a provider with atomic steps committed twice. */
function repeated({ history, profile }: Scene): readonly string[] {
  if (!profile.atomicStep || profile.deduplication === 0) return [];
  return [...history.fates.values()]
    .filter(({ committed }) => committed > 1)
    .map((fate) => `${nameOf(fate)} was committed ${fate.committed} times.`);
}

function externalRepeats({ effects }: Scene): readonly string[] {
  return [...effects.counts].flatMap(([name, count]) => (count > 1 ? [`${name} was called ${count} times.`] : []));
}

function belowFloor({ floors }: Scene, outcome: Snapshot): readonly string[] {
  return [...floors].flatMap(([path, min]) => {
    const value = Number(outcome.get(path) ?? 0);
    return value < min ? [`${path} is ${value}, below its floor of ${min}.`] : [];
  });
}

/** The most differences that a message lists. */
const maxListed = 5;

function otherOutcome(
  { outcome: calm, unsteady }: Calm,
  actual: Snapshot,
  ignore: readonly string[],
): readonly string[] {
  const found = differences(calm, actual).filter(({ path }) => !unsteady.includes(path) && !isIgnored(path, ignore));
  if (found.length === 0) return [];
  const lines = found
    .slice(0, maxListed)
    .map(({ path, calm: was = "nothing", actual: is = "nothing" }) => `${path} is ${is}, and ${was} in a calm run`);
  const more = found.length > maxListed ? `; and ${found.length - maxListed} more` : "";
  return [`${lines.join("; ")}${more}.`];
}

function nameOf({ event, descriptor }: Fate): string {
  return `${event.eventType} ${event.id} of ${descriptor.queueName}`;
}
