import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { resolveActors } from "../../actors/resolve-actors.ts";
import { checkedDuration } from "../../base/checked-number.ts";
import { systemClock, waitFor, type Clock, type Timer } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../base/logger.ts";
import { delay, wholeMs } from "../../base/numbers.ts";
import type { HeldLock } from "../../contract/stores.ts";
import type { Provider } from "../../contract/provider.ts";
import { createHive, type Hive, type HiveOptions } from "../../hive/hive.ts";
import type { Health } from "../../hive/health.ts";
import { openProvider } from "../../hive/open-provider.ts";
import { autoStage } from "../stage-file.ts";
import { LoadMeter } from "./load-meter.ts";
import { nextPlan, type Member, type PlacementPlan } from "./placement.ts";
import { PlacementStore } from "./placement-store.ts";

/** How a process shares in the actors. */
export interface PlacementOptions {
  /** The time between two looks at the plan. A process that misses three is gone. @default "5s" */
  readonly interval?: Duration | undefined;
  /** How long events in work may take before their actor moves all the same. @default "30s" */
  readonly drain?: Duration | undefined;
}

/** The life of a lock that nobody renews, in ms: within the limits of each provider. */
const ttlMs = { min: 15_000, max: 60_000, beats: 4 };
/** How long a stop waits for its locks, in ms. */
const maxReleaseMs = 5_000;

/**
 * Creates a hive that shares its actors with the other processes on its provider: each actor works in one of them.
 *
 * A plan in a collection store says where; a lock for each subscription holds it there. Actors move when a process comes
 * or goes, or when the loads shift, and finish their events before they move.
 *
 * @throws BeeHiveError as `createHive`; `InvalidConfiguration` for a wrong length of time.
 * @example
 * const placed = await createPlacedHive({ actors, provider: "postgres://localhost/shop" });
 * await placed.start();
 */
export async function createPlacedHive(
  options: HiveOptions,
  { interval = "5s", drain = "30s" }: PlacementOptions = {},
): Promise<PlacedHive> {
  const everyMs = checkedDuration("createPlacedHive", "interval", interval, wholeMs(100));
  const drainMs = checkedDuration("createPlacedHive", "drain", drain, delay);
  const clock = options.clock ?? systemClock;
  const logger = safeLogger(options.logger ?? standardErrorLogger);
  const meter = new LoadMeter(clock);
  const measured = (await resolveActors(options)).map((descriptor) => meter.measured(descriptor));
  const given = options.provider;
  const provider = typeof given === "object" ? given : await openProvider(given ?? "memory:", { clock, logger });
  const close = async (): Promise<void> => {
    if (provider !== given) await provider.close();
  };
  try {
    const hive = await createHive({
      ...options,
      provider,
      actors: { getDescriptors: () => measured },
      overrides: undefined,
      environment: {},
      ...(options.controls !== false && { controls: { stage: autoStage, ...options.controls } }),
    });
    return new PlacedHive(hive, { provider, clock, logger, meter, everyMs, drainMs, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface PlacedHiveParts {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: LoadMeter;
  readonly everyMs: number;
  readonly drainMs: number;
  readonly close: () => Promise<void>;
}

/** A subscription that this process holds, or is leaving. */
interface Held {
  readonly lock: HeldLock;
  leaving: Promise<void> | undefined;
}

/** A hive whose actors are shared out among processes. Returned by {@link createPlacedHive}. */
export class PlacedHive implements AsyncDisposable {
  readonly hive: Hive;
  readonly id: string = randomUUID();
  readonly #parts: PlacedHiveParts;
  readonly #store: PlacementStore;
  readonly #ttl: number;
  readonly #started: number;
  readonly #held = new Map<string, Held>();
  #lead: HeldLock | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #failed = false;
  #stopping: Promise<void> | undefined;

  /** @internal Created by {@link createPlacedHive}. */
  constructor(hive: Hive, parts: PlacedHiveParts) {
    this.hive = hive;
    this.#parts = parts;
    this.#started = parts.clock.now();
    this.#store = new PlacementStore(parts.provider, parts.clock);
    const ttl = Math.ceil((ttlMs.beats * parts.everyMs) / 1_000) * 1_000;
    this.#ttl = Math.min(ttlMs.max, Math.max(ttlMs.min, ttl));
  }

  /** The subscriptions that this process works on now. */
  get queues(): readonly string[] {
    return [...this.#held].filter(([, { leaving }]) => !leaving).map(([queue]) => queue);
  }

  /** Starts the hive, and takes the actors that the plan gives to this process. @throws BeeHiveError as `Hive.start`. */
  async start(): Promise<void> {
    await Promise.all(this.#names.map((queue) => this.hive.leave(queue)));
    await this.hive.start();
    const stop = (): Promise<void> => this.stop();
    void this.hive.whenStopped().then(stop, stop);
    await (this.#looking = this.#look());
    this.#schedule();
  }

  /** Hands the actors over, and stops the hive. See `Hive.stop`. */
  async stop({ deadline = "30s" }: { readonly deadline?: Duration } = {}): Promise<void> {
    const deadlineMs = checkedDuration("PlacedHive.stop", "deadline", deadline, delay);
    await (this.#stopping ??= this.#stop(deadlineMs));
  }

  /** Resolves or rejects as `Hive.whenStopped`, after the actors were handed over. */
  async whenStopped(): Promise<void> {
    try {
      await this.hive.whenStopped();
    } finally {
      await this.stop();
    }
  }

  /** Returns the health of the hive. Only the actors that work here count. */
  health(options: { readonly askProvider?: boolean } = {}): Promise<Health> {
    return this.hive.health(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #names(): readonly string[] {
    return this.hive.descriptors.map(({ queueName }) => queueName.toString());
  }

  #schedule(): void {
    if (this.#stopping) return;
    this.#timer = this.#parts.clock.after(this.#parts.everyMs, () => {
      this.#looking = this.#look().then(() => this.#schedule());
    });
  }

  /** Tells that this process is at work, plans if it leads, and follows the plan. Never rejects. */
  async #look(): Promise<void> {
    try {
      await this.#store.beat(this.#member());
      const { plan: before, members, frozen, gone } = await this.#store.read();
      const plan = await this.#planned(before, [...gone, ...members], frozen !== undefined);
      if (this.#stopping) return;
      if (plan) await this.#follow(plan);
      if (this.#failed) this.#parts.logger.info({}, "the placement can be read again");
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#parts.logger.warn(
          { err: error },
          "the placement cannot be read; actors stay where their locks hold them",
        );
      this.#failed = true;
    }
  }

  #member(): Member {
    const { clock, meter, everyMs } = this.#parts;
    const actors = this.hive.descriptors.map(({ queueName, maxLag }) => [
      queueName.toString(),
      maxLag === undefined ? {} : { maxLag },
    ]);
    return {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      started: this.#started,
      beat: clock.now(),
      everyMs,
      actors: Object.fromEntries(actors) as Member["actors"],
      loads: meter.loads(),
    };
  }

  /** Returns the plan to follow. The process that leads makes it. */
  async #planned(
    before: PlacementPlan | undefined,
    members: readonly Member[],
    frozen: boolean,
  ): Promise<PlacementPlan | undefined> {
    if (!this.#lead || this.#lead.signal.aborted) this.#lead = await this.#store.lead(this.#ttl);
    if (!this.#lead) return before;
    const now = this.#parts.clock.now();
    const plan = nextPlan({ before, members, frozen, now });
    if (plan === before || !plan) return before;
    if (!(await this.#store.write(plan))) return undefined;
    const owners = new Set(Object.values(plan.owners));
    const left = members.filter(({ id, beat }) => !owners.has(id) && now - beat > this.#ttl);
    await Promise.all(left.map(({ id }) => this.#store.remove(id)));
    return plan;
  }

  async #follow({ owners }: PlacementPlan): Promise<void> {
    await Promise.all(
      this.#names.map(async (queue) => {
        const held = this.#held.get(queue);
        if (owners[queue] === this.id) {
          if (!held) await this.#take(queue);
        } else if (held && !held.leaving) void this.#leave(queue, held, this.#parts.drainMs);
      }),
    );
  }

  /** Works on a subscription once no other process does. */
  async #take(queue: string): Promise<void> {
    const lock = await this.#store.own(queue, this.#ttl);
    if (!lock) return;
    if (this.#stopping) return await lock.release();
    const held: Held = { lock, leaving: undefined };
    this.#held.set(queue, held);
    lock.signal.addEventListener("abort", () => this.#lost(queue, held), { once: true });
    this.#parts.meter.begin(queue);
    this.hive.join(queue);
  }

  /** Stops leasing, lets events in work end, and gives the lock free. Never rejects. */
  #leave(queue: string, held: Held, withinMs: number): Promise<void> {
    return (held.leaving ??= (async () => {
      const { clock, meter, logger } = this.#parts;
      await waitFor(this.hive.leave(queue), clock, withinMs);
      meter.end(queue);
      try {
        await held.lock.release();
      } catch (error) {
        logger.warn({ err: error, queue }, "a lock of the placement could not be released; it ends by itself");
      }
      this.#held.delete(queue);
    })());
  }

  #lost(queue: string, held: Held): void {
    if (this.#held.get(queue) !== held || held.leaving) return;
    this.#parts.logger.warn({ queue }, "the lock of a subscription was lost, so another process may work on it now");
    this.#held.delete(queue);
    this.#parts.meter.end(queue);
    void this.hive.leave(queue);
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { clock, close } = this.#parts;
    const end = clock.now() + deadlineMs;
    this.#timer?.cancel();
    await this.#looking;
    // Others take over each subscription as soon as its lock is free.
    await this.#store.remove(this.id);
    await Promise.all([...this.#held].map(([queue, held]) => this.#leave(queue, held, deadlineMs)));
    await this.hive.stop({ deadline: Math.max(0, end - clock.now()) });
    if (this.#lead) await waitFor(this.#lead.release(), clock, maxReleaseMs);
    await close();
  }
}
