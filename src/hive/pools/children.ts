import {
  restartsOf,
  type Child,
  type ChildDeath,
  type ChildRun,
  type Restarts,
  type SpawnOptions,
} from "../../actors/spawn.ts";
import { sleep, waitFor, type Clock } from "../../base/clock.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { withFields, type Logger } from "../../base/logger.ts";

export interface ChildrenParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly push: Child["push"];
  /** Returns the state of the hive: one that was never started keeps no children. */
  readonly state: () => "new" | "running" | "stopping" | "stopped";
}

/** The last run of a child: its error, if it failed. */
interface Run {
  readonly failed: boolean;
  readonly error: unknown;
}

/** The children of a hive: started by actors, restarted one by one, ended with the hive. */
export class Children {
  readonly #parts: ChildrenParts;
  readonly #living = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: ChildrenParts) {
    this.#parts = parts;
  }

  /**
   * Starts a child, unless one of that name lives or the hive stops. Returns whether it did.
   *
   * @param actor The name of the actor that starts it.
   * @throws BeeHiveError `InvalidConfiguration` with every wrong option, `InvalidState` before the start of the hive.
   */
  spawn(actor: string, name: string, run: ChildRun, options: SpawnOptions = {}): boolean {
    const restarts = restartsOf(name, run, options);
    const state = this.#parts.state();
    if (state === "new")
      throw new BeeHiveError(
        "InvalidState",
        `${actor} cannot start the child ${name}: its hive was not started, so nothing would end the child. ` +
          "Call hive.start(); functions of a cloud have no children.",
      );
    if (state !== "running" || this.#living.has(name)) return false;
    const life = this.#live(actor, name, run, restarts).finally(() => this.#living.delete(name));
    this.#living.set(name, life);
    return true;
  }

  /** Aborts the signals of all children, and waits for their ends. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stop.abort();
    if (this.#living.size === 0) return;
    await waitFor(Promise.all(this.#living.values()), this.#parts.clock, deadlineMs);
    if (this.#living.size === 0) return;
    const children = [...this.#living.keys()];
    this.#parts.logger.warn({ children }, "children outlive the hive: their runs do not end when their signal aborts");
  }

  async #live(actor: string, name: string, run: ChildRun, restarts: Restarts): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    const logger = withFields(this.#parts.logger, { child: name, actor });
    const push: Child["push"] = (events) => this.#parts.push(events);
    let starts: number[] = [];
    let delayMs = restarts.minDelayMs;
    for (let count = 0; ; count++) {
      const startedAt = clock.now();
      const { failed, error } = await runOnce(run, { name, signal, logger, clock, restarts: count, push });
      if (signal.aborted) return;
      const now = clock.now();
      starts = [...starts.filter((at) => now - at < restarts.withinMs), now];
      const cause = causeOf(failed, starts.length, restarts);
      if (cause) return await this.#die({ name, actor, cause, error, restarts: count }, restarts, logger);
      if (now - startedAt > restarts.maxDelayMs) delayMs = restarts.minDelayMs;
      logger.warn({ err: error, delayMs, restarts: count }, "the child ended and is started again");
      await sleep(clock, delayMs, signal);
      if (signal.aborted) return;
      delayMs = Math.min(restarts.maxDelayMs, delayMs * 2);
    }
  }

  /** Tells of the end of a child: in the log, and by its event, which is tried until it is published. */
  async #die(death: ChildDeath, { died, maxDelayMs }: Restarts, logger: Logger): Promise<void> {
    const { cause, error, restarts } = death;
    const level = cause === "returned" ? "info" : "error";
    logger[level]({ ...(error !== undefined && { err: error }), cause, restarts }, "the child has ended for good");
    if (!died) return;
    const { signal } = this.#stop;
    try {
      const event = died(death);
      while (!signal.aborted) {
        try {
          return void (await this.#parts.push(event));
        } catch (failure) {
          logger.warn({ err: failure }, "the end of the child could not be published, trying again");
          await sleep(this.#parts.clock, maxDelayMs, signal);
        }
      }
    } catch (failure) {
      logger.error({ err: failure }, "died failed, so that no event tells of the end of the child");
    }
  }
}

async function runOnce(run: ChildRun, child: Child): Promise<Run> {
  try {
    await run(child);
    return { failed: false, error: undefined };
  } catch (error) {
    return { failed: true, error };
  }
}

/** Returns why a child is not started again; `undefined` when it is. */
function causeOf(failed: boolean, starts: number, { restart, maxRestarts }: Restarts): ChildDeath["cause"] | undefined {
  if (!failed && restart !== "always") return "returned";
  if (failed && restart === "never") return "failed";
  return starts > maxRestarts ? "gave-up" : undefined;
}
