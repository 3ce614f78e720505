import { BeeHiveError } from "../base/errors.ts";

/*
 * Versions of bodies. The property `schemaVersion` of an event says which version of its type the body is, a whole number
 * from 1; an event without it is of version 1. `EventType.create` writes it, and any other producer should.
 */

/** Whatever has properties as an event has. */
interface Versioned {
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The property of an event that carries the version of its body. */
export const versionProperty = "schemaVersion";

/** How long an event of a newer version waits for code that reads it unless its type says otherwise, in ms. */
export const defaultNewerVersionWait = 300_000;

/** An event that waits for newer code comes back at least so often, in ms, in case that code runs beside this. */
const maxReturnMs = 15_000;
const minReturnMs = 1_000;

/** Thrown where an event is read whose body is of a version that this code does not know. */
export class NewerVersion extends BeeHiveError {
  override readonly name: string = "NewerVersion";
  /** How long the event is given back without counting an attempt, since it was first delivered, before it is a dead letter. */
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super("BodyUnreadable", message);
    this.waitMs = waitMs;
  }
}

/** Whether an event waits for code of a newer version; also by the error of another copy of this module. */
export function isNewerVersion(error: unknown): error is NewerVersion {
  return error instanceof BeeHiveError && error.name === "NewerVersion";
}

/**
 * How long an event stays away before it is delivered again, in ms; nothing when its wait is over.
 *
 * @param waitedMs how long ago it was first delivered.
 */
export function newerVersionDelay({ waitMs }: NewerVersion, waitedMs: number): number | undefined {
  const left = waitMs - waitedMs;
  if (!(left > 0)) return undefined;
  // Twenty times within its wait, so that a short wait, too, meets a newer worker.
  return Math.min(left, Math.max(minReturnMs, Math.min(maxReturnMs, waitMs / 20)));
}

/** The version that an event says, 1 when it says none; nothing when it says what is no version. */
export function versionOf({ properties }: Versioned): number | undefined {
  const version = properties[versionProperty] ?? 1;
  return typeof version === "number" && Number.isSafeInteger(version) && version >= 1 ? version : undefined;
}

/** Added to what is wrong with a body whose version nobody said. */
export function guessOf({ properties }: Versioned, current: number): string {
  if (current === 1 || properties[versionProperty] !== undefined) return "";
  return `, read as version 1, because it has no ${versionProperty}`;
}

/** Properties that take the place of those of an event: its body stays the same, so its version does, too. */
export function keepingVersion<P extends object>({ properties }: Versioned, replacing: P): P {
  const version = properties[versionProperty];
  return version === undefined ? replacing : { [versionProperty]: version, ...replacing };
}
