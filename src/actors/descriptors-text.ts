import type { ActorDescriptor } from "./actor.ts";
import { describedSettings } from "./descriptor.ts";

/** A descriptor, and the slots of its elastic parallelism now, if they are known. */
type Described = ActorDescriptor & { readonly size?: number };

/** Returns the settings of each actor with their origins, as text for people. */
export function descriptorsText(descriptors: readonly Described[]): string {
  return descriptors.map(descriptorText).join("\n");
}

function descriptorText(descriptor: Described): string {
  const settings = describedSettings.flatMap((name) => {
    const value = name === "parallelism" ? parallelismText(descriptor) : descriptor[name];
    if (value === undefined) return [];
    return [`  ${name.padEnd(12)} ${textOf(value).padEnd(12)} (${descriptor.origins[name] ?? "configuration"})`];
  });
  const publishes =
    descriptor.publishes.length === 0 ? [] : [`  ${"publishes".padEnd(12)} ${descriptor.publishes.join(", ")}`];
  const holds = (descriptor.holdWhen ?? []).map(
    ({ queue, above }) => `  ${"holdWhen".padEnd(12)} ${queue} above ${above}`,
  );
  return [`${descriptor.name} on ${descriptor.queueName}`, ...settings, ...publishes, ...holds, ""].join("\n");
}

/** Returns a fixed parallelism, or its bounds and the slots now. */
export function parallelismText({
  parallelism,
  elastic,
  size,
}: Pick<Described, "parallelism" | "elastic" | "size">): string {
  if (!elastic) return `${parallelism}`;
  return `${elastic.min} to ${elastic.max}${size === undefined ? "" : `, now ${size}`}`;
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${one}`)
    .join(", ");
}
