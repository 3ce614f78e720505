import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import type { Event } from "../events/event.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";

/**
 * Returns why a push failed before the hive was set up: a queue that the hive would have made is not missing for want of
 * an actor, as the provider must think. Any other error comes back as it is.
 */
export function notSetUp(error: unknown, events: readonly Event[], specs: readonly QueueSpec[]): unknown {
  if (!isBeeHiveError(error, "QueueNotFound")) return error;
  const own = new Set(specs.map(({ name }) => name.toString()));
  const missing = events.find(({ queueName }) => own.has(queueName))?.queueName;
  if (missing === undefined) return error;
  return new BeeHiveError(
    "QueueNotFound",
    `The hive is not set up, so "${missing}" may not be there yet: await hive.start(), or hive.setup(), before you push. ${error.message}`,
    { cause: error },
  );
}
