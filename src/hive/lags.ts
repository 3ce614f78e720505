import { isBeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { LogPosition } from "../contract/topic-log.ts";
import type { QueueName } from "../events/queue-name.ts";

/** How far a subscription is behind in its topic, and whether it gets on. */
export interface Lag {
  /** The number of kept events that it has not settled. */
  readonly behind: number;
  /** When the oldest of them was published; `undefined` when there is none. */
  readonly oldest: Date | undefined;
  /** The age of the oldest, in ms; 0 when there is none. */
  readonly ageMs: number;
  /** `none`: nothing waits. `slow`: events wait, and some are settled. `stuck`: none was settled for 2 minutes. */
  readonly state: "none" | "slow" | "stuck";
  /** When an event was last seen to be settled, by any process. Only of a `stuck` one. */
  readonly since: Date | undefined;
}

/** The time without a settled event after which a subscription is stuck, in ms. */
const stuckMs = 120_000;

/** A subscription in the log, and how many events it has settled. */
interface Progress extends LogPosition {
  readonly settled: number;
}

/**
 * Returns where the subscriptions are whose topics keep their events.
 *
 * Of an archive it looks only at the topics that these specs keep, since each look costs requests.
 */
export async function lagsOf(
  { queues }: Provider,
  names: readonly QueueName[],
  specs: readonly QueueSpec[],
): Promise<ReadonlyMap<QueueName, Progress>> {
  const { log } = queues;
  if (!log) return new Map();
  const ours = specs.filter(({ keep }) => keep !== undefined).map(({ name }) => name);
  const kept = new Set((log.archive ? ours : await log.topics()).map(String));
  const behind = names.filter((name) => name.kind === "subscription" && kept.has(name.destination.toString()));
  const lags = behind.map(async (name): Promise<readonly (readonly [QueueName, Progress])[]> => {
    try {
      const position = await log.position(name);
      const { next } = await log.range(name.destination);
      return [[name, { ...position, settled: next - position.behind }]];
    } catch (error) {
      // Clouds have rights of their own to count events, which actors do not need.
      if (isBeeHiveError(error, "AccessDenied")) return [];
      throw error;
    }
  });
  return new Map((await Promise.all(lags)).flat());
}

/** Tells a stuck subscription from a slow one, by what moved between looks. */
export class LagWatch {
  readonly #last = new Map<QueueName, { readonly settled: number; readonly since: number }>();

  /** Notes a look. Returns the lag. */
  look(name: QueueName, { behind, oldest, settled }: Progress, now: number): Lag {
    const before = this.#last.get(name);
    const since = before?.settled === settled ? before.since : now;
    if (behind === 0) this.#last.delete(name);
    else this.#last.set(name, { settled, since });
    const stuck = behind > 0 && now - since >= stuckMs;
    return {
      behind,
      oldest: oldest === undefined ? undefined : new Date(oldest),
      ageMs: oldest === undefined ? 0 : Math.max(0, now - oldest),
      state: behind === 0 ? "none" : stuck ? "stuck" : "slow",
      since: stuck ? new Date(since) : undefined,
    };
  }
}
