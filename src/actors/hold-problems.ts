import { numberProblems, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import { QueueName } from "../events/queue-name.ts";
import type { ActorDescriptor } from "./actor.ts";
import type { HoldWhen } from "./hold-when.ts";
import { queueProblems } from "./queue-problems.ts";

const names = ["queue", "above", "below"];

/** Returns what is wrong with `holdWhen` of the actors, in words: each by itself, then all together. */
export function holdProblems(descriptors: readonly ActorDescriptor[]): string[] {
  const problems = descriptors.flatMap(({ name, queueName, holdWhen = [] }) =>
    holdWhen.flatMap(ruleProblems).map((problem) => `${name} on "${queueName}": ${problem}`),
  );
  return problems.length > 0 ? problems : cycles(descriptors);
}

function ruleProblems(rule: unknown): string[] {
  const problems = objectProblems("holdWhen", rule);
  if (problems.length > 0) return problems;
  const { queue, above, below } = rule as Partial<HoldWhen>;
  const wrong = [
    ...Object.keys(rule as object)
      .filter((name) => !names.includes(name))
      .map((name) => `holdWhen.${name} is not an option; there are ${names.join(", ")}`),
    ...queueProblems("holdWhen.queue", queue),
    ...numberProblems("holdWhen.above", above, wholeNumber(1)),
    ...(below === undefined ? [] : numberProblems("holdWhen.below", below, wholeNumber(0))),
  ];
  if (wrong.length > 0 || below === undefined || below < (above as number)) return wrong;
  return [`holdWhen.below is ${below}, and must be less than holdWhen.above, ${above}`];
}

/**
 * Returns the circles of actors that hold each other, in words.
 *
 * An actor that is held waits for the reader of the full queue. Readers that wait for each other wait for ever.
 */
function cycles(descriptors: readonly ActorDescriptor[]): string[] {
  const readers = new Map(descriptors.map((descriptor) => [descriptor.queueName.toString(), descriptor]));
  const found = new Set<string>();
  const walk = (descriptor: ActorDescriptor, path: readonly ActorDescriptor[]): void => {
    const start = path.indexOf(descriptor);
    if (start >= 0) return void found.add(cycleText(path.slice(start)));
    for (const { queue } of descriptor.holdWhen ?? []) {
      const reader = readers.get(String(QueueName.parse(queue)));
      if (reader) walk(reader, [...path, descriptor]);
    }
  };
  for (const descriptor of descriptors) walk(descriptor, []);
  return [...found];
}

/** Names a circle from the actor that is first by name, so that each is told once. */
function cycleText(cycle: readonly ActorDescriptor[]): string {
  const texts = cycle.map(({ queueName }) => queueName.toString());
  const first = texts.indexOf(texts.toSorted()[0] ?? "");
  const [start = "", ...rest] = [...texts.slice(first), ...texts.slice(0, first)];
  return rest.length === 0
    ? `${start} is held by its own queue, which nobody else empties: name another queue in holdWhen`
    : `${[start, ...rest, start].join(" is held by ")}: full queues would hold all of them for ever`;
}
