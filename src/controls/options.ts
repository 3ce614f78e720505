import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { wholeMs } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import { registeredProvider } from "../contract/provider-module.ts";

/**
 * How a hive follows its operators.
 *
 * @example
 * { interval: "10s", version: "shop 1.4.2" }
 */
export interface ControlsOptions {
  /**
   * The time between two looks at what operators set. A heartbeat takes five of it, a check of alerts 15.
   *
   * @default "5s"; "2s" on `sqlite:`; none on `memory:`, which follows at once
   */
  readonly interval?: Duration | undefined;
  /** The version of the application in its heartbeat. @default process.env.npm_package_version */
  readonly version?: string | undefined;
  /** The name of the stage in health, heartbeats and alerts. @default None. */
  readonly stage?: string | undefined;
}

const intervalRule = wholeMs(100);
const defaultMs = 5_000;

/** Returns what is wrong with the option `controls`, in words. */
export function controlsProblems(controls: unknown): string[] {
  if (controls === undefined || controls === false) return [];
  const problems = objectProblems("controls", controls);
  if (problems.length > 0) return problems;
  const { interval, version, stage, ...unknown } = controls as ControlsOptions;
  return [
    ...Object.keys(unknown).map((name) => `controls.${name} is not an option; there are interval, version, stage`),
    ...(interval === undefined ? [] : durationProblems("controls.interval", interval, intervalRule)),
    ...(version === undefined || typeof version === "string" ? [] : ["controls.version must be a text"]),
    ...(stage === undefined || typeof stage === "string" ? [] : ["controls.stage must be a text"]),
  ];
}

/** Looks for each check of alerts, which counts events. */
const looksACheck = 15;
const defaultCheckMs = 30_000;

/** Returns the time between two checks of alerts, in ms. */
export function checkInterval(intervalMs: number | undefined): number {
  return intervalMs === undefined ? defaultCheckMs : intervalMs * looksACheck;
}

/** Returns the time between two looks, in ms; `undefined` where all hives of a provider are in this process. */
export function lookInterval(providerName: string, interval: Duration | undefined): number | undefined {
  if (interval !== undefined) return inMs(interval);
  const module = registeredProvider(providerName);
  if (module?.sharedBetweenProcesses === false) return undefined;
  return module?.lookMs ?? defaultMs;
}
