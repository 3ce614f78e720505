import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { delay, numberProblems, time, valueText, wholeNumber } from "../base/numbers.ts";
import { objectProblems, throwProblems } from "../base/problems.ts";
import type { Event } from "../events/event.ts";

/** The work of a child: it ends when it returns, and must end when `child.signal` aborts. */
export type ChildRun = (child: Child) => Promise<unknown>;

/** A child of a hive, as it sees itself: a poller, a socket, anything that lives longer than one event. */
export interface Child {
  readonly name: string;
  /** Aborts when the hive stops. */
  readonly signal: AbortSignal;
  /** Adds the child and the actor that started it to each line. */
  readonly logger: Logger;
  /** The clock of the hive; virtual in tests. */
  readonly clock: Clock;
  /** The number of starts before this one. */
  readonly restarts: number;
  /**
   * Publishes events at once, outside of any step.
   *
   * @example
   * socket.on("message", (text) => void child.push(Received.create({ text })));
   */
  readonly push: (events: Event | Iterable<Event>) => Promise<number | undefined>;
}

/** The end of a child that is not started again. */
export interface ChildDeath {
  readonly name: string;
  /** The name of the actor that started it. */
  readonly actor: string;
  /** `returned`: it was done. `failed`: it threw, and is never restarted. `gave-up`: it failed too often. */
  readonly cause: "returned" | "failed" | "gave-up";
  /** The last error; `undefined` for a child that returned. */
  readonly error: unknown;
  readonly restarts: number;
}

/**
 * How a child is restarted, and who hears of its end.
 *
 * @example
 * { restart: "always", maxRestarts: 10, died: ({ name }) => FeedLost.create({ feed: name }) }
 */
export interface SpawnOptions {
  /** When the child is started again: also after it returned, after it threw, or never. @default "on-failure" */
  readonly restart?: "always" | "on-failure" | "never" | undefined;
  /** The restarts within `within` after which it is given up. @default 10 */
  readonly maxRestarts?: number | undefined;
  /** @default "10m" */
  readonly within?: Duration | undefined;
  /** The wait before the first restart, doubled with each further one. @default "1s" */
  readonly minDelay?: Duration | undefined;
  /** The longest wait. A child that ran for longer begins with `minDelay` again. @default "1m" */
  readonly maxDelay?: Duration | undefined;
  /** Returns the event that tells of the end of the child. @default None. */
  readonly died?: ((death: ChildDeath) => Event) | undefined;
}

/** Options with all defaults, lengths of time in ms. */
export interface Restarts {
  readonly restart: "always" | "on-failure" | "never";
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly died: ((death: ChildDeath) => Event) | undefined;
}

const names = ["restart", "maxRestarts", "within", "minDelay", "maxDelay", "died"];

/** Returns the options with defaults. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function restartsOf(name: unknown, run: unknown, options: SpawnOptions): Restarts {
  throwProblems(spawnProblems(name, run, options), "context.spawn cannot start the child");
  const { restart = "on-failure", maxRestarts = 10, within = "10m", minDelay = "1s", maxDelay = "1m", died } = options;
  return {
    restart,
    maxRestarts,
    withinMs: inMs(within),
    minDelayMs: inMs(minDelay),
    maxDelayMs: inMs(maxDelay),
    died,
  };
}

function spawnProblems(name: unknown, run: unknown, options: SpawnOptions): string[] {
  const problems = [
    ...(typeof name === "string" && name !== "" ? [] : [`its name must be a text, not ${valueText(name)}`]),
    ...(typeof run === "function" ? [] : ["its run must be a function"]),
    ...objectProblems("its options", options),
  ];
  if (problems.length > 0) return problems;
  const { restart = "on-failure", maxRestarts, within, minDelay, maxDelay, died } = options;
  return [
    ...Object.keys(options)
      .filter((one) => !names.includes(one))
      .map((one) => `"${one}" is not an option; there are ${names.join(", ")}`),
    ...(["always", "on-failure", "never"].includes(restart) ? [] : ["restart must be always, on-failure or never"]),
    ...(maxRestarts === undefined ? [] : numberProblems("maxRestarts", maxRestarts, wholeNumber(0))),
    ...(within === undefined ? [] : durationProblems("within", within, time)),
    ...(minDelay === undefined ? [] : durationProblems("minDelay", minDelay, delay)),
    ...(maxDelay === undefined ? [] : durationProblems("maxDelay", maxDelay, delay)),
    ...(died === undefined || typeof died === "function" ? [] : ["died must be a function"]),
  ];
}
