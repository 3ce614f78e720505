import type { ActorDescriptor } from "./actor.ts";
import { describedSettings } from "./descriptor.ts";

/** Returns the settings of each actor with their origins, as text for people. */
export function descriptorsText(descriptors: readonly ActorDescriptor[]): string {
  return descriptors.map(descriptorText).join("\n");
}

function descriptorText(descriptor: ActorDescriptor): string {
  const settings = describedSettings.flatMap((name) => {
    const value = descriptor[name];
    if (value === undefined) return [];
    return [`  ${name.padEnd(12)} ${textOf(value).padEnd(12)} (${descriptor.origins[name] ?? "configuration"})`];
  });
  const publishes =
    descriptor.publishes.length === 0 ? [] : [`  ${"publishes".padEnd(12)} ${descriptor.publishes.join(", ")}`];
  return [`${descriptor.name} on ${descriptor.queueName}`, ...settings, ...publishes, ""].join("\n");
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${one}`)
    .join(", ");
}
