import type { Provider } from "../contract/provider.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";

/** How far a subscription is behind in the log of its topic. */
export interface Lag {
  /** The number of kept events that it has not handled. */
  readonly behind: number;
  /** When the oldest of them was published; `undefined` when there is none. */
  readonly oldest: Date | undefined;
}

/**
 * Returns the lags of the subscriptions whose topics keep their events.
 *
 * Of an archive it looks only at the topics that these specs keep, since each look costs requests.
 */
export async function lagsOf(
  { queues }: Provider,
  names: readonly QueueName[],
  specs: readonly QueueSpec[],
): Promise<ReadonlyMap<QueueName, Lag>> {
  const { log } = queues;
  if (!log) return new Map();
  const ours = specs.filter(({ keep }) => keep !== undefined).map(({ name }) => name);
  const kept = new Set((log.archive ? ours : await log.topics()).map(String));
  const behind = names.filter((name) => name.kind === "subscription" && kept.has(name.destination.toString()));
  const lags = behind.map(async (name): Promise<readonly [QueueName, Lag]> => {
    const { behind: count, oldest } = await log.position(name);
    return [name, { behind: count, oldest: oldest === undefined ? undefined : new Date(oldest) }];
  });
  return new Map(await Promise.all(lags));
}
