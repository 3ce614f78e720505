import { BeeHiveError } from "../base/errors.ts";
import { expiryProperty } from "./withdrawal.ts";

/*
 * Versions of bodies. The property `schemaVersion` of an event is the version of its body: a whole number from 1,
 * 1 by default. `EventType.create` writes it; other producers should as well.
 */

/** An object with the properties of an event. */
interface Versioned {
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The property of an event that carries the version of its body. */
export const versionProperty = "schemaVersion";

/** The default wait of an event for newer code, in ms. */
export const defaultNewerVersionWaitMs = 300_000;

/** The maximum delay between two deliveries of a waiting event, in ms. Newer code may run beside this. */
const maxReturnMs = 15_000;
const minReturnMs = 1_000;

/** The error for a body of a newer version than this code knows. */
export class NewerVersion extends BeeHiveError {
  override readonly name: string = "NewerVersion";
  /** The time from the first delivery to the dead letter, in ms. No delivery in it counts as an attempt. */
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super("BodyUnreadable", message);
    this.waitMs = waitMs;
  }
}

/** Returns whether an error is a {@link NewerVersion}, also of another copy of this module. */
export function isNewerVersion(error: unknown): error is NewerVersion {
  return error instanceof BeeHiveError && error.name === "NewerVersion";
}

/**
 * Returns the delay before the next delivery, in ms; `undefined` when the wait is over.
 *
 * @param waitedMs the time since the first delivery.
 */
export function newerVersionDelay({ waitMs }: NewerVersion, waitedMs: number): number | undefined {
  const left = waitMs - waitedMs;
  if (!(left > 0)) return undefined;
  // 20 deliveries within the wait, so that also a short wait meets a newer worker.
  return Math.min(left, Math.max(minReturnMs, Math.min(maxReturnMs, waitMs / 20)));
}

/** Returns the version of a body; `undefined` for an invalid one. @default 1. */
export function versionOf({ properties }: Versioned): number | undefined {
  const version = properties[versionProperty] ?? 1;
  return typeof version === "number" && Number.isSafeInteger(version) && version >= 1 ? version : undefined;
}

/** Returns the addition to an error for a body without a version. */
export function guessOf({ properties }: Versioned, current: number): string {
  if (current === 1 || properties[versionProperty] !== undefined) return "";
  return `, read as version 1, because it has no ${versionProperty}`;
}

/** Returns properties that replace those of an event, with the version of its body and its expiry kept. */
export function keepingVersion<P extends object>({ properties }: Versioned, replacing: P): P {
  const kept = [versionProperty, expiryProperty].filter((name) => properties[name] !== undefined);
  return kept.length === 0
    ? replacing
    : { ...Object.fromEntries(kept.map((name) => [name, properties[name]])), ...replacing };
}
