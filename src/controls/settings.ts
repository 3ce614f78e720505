import type { ActorDescriptor } from "../actors/actor.ts";
import { slotSettings } from "../actors/descriptor.ts";
import { throttle } from "../actors/middleware/throttle.ts";
import type { StoredSettings } from "./control.ts";

/** Returns a descriptor with the settings of an operator, and the operator as their origin. */
export function withSettings(descriptor: ActorDescriptor, settings: StoredSettings | undefined): ActorDescriptor {
  if (!settings) return descriptor;
  const { parallelism, throttle: limit, by } = settings;
  const origin = `operator ${by}`;
  return {
    ...descriptor,
    // A number that an operator sets is fixed.
    ...(parallelism !== undefined && slotSettings(parallelism)),
    ...(limit && {
      throttle: { limit: limit.limit, per: limit.perMs },
      middleware: [throttle({ limit: limit.limit, per: limit.perMs }), ...descriptor.middleware],
    }),
    origins: {
      ...descriptor.origins,
      ...(parallelism !== undefined && { parallelism: origin }),
      ...(limit && { throttle: origin }),
    },
  };
}
