import { BeeHiveError } from "./errors.ts";

/** Handles the rejection of a promise that a callback returned and no code awaits. It would end the process. */
export function ifRejected(returned: unknown, handle: (reason: unknown) => void): void {
  if (!isPromised(returned)) return;
  Promise.resolve(returned).catch(handle);
}

/**
 * Returns the decision of a callback. A promise is none: it is truthy, whatever it resolves to.
 *
 * @throws BeeHiveError `InvalidConfiguration` for a promise. Its rejection does not end the process.
 */
export function notPromised<T>(name: string, decision: T): T {
  if (!isPromised(decision)) return decision;
  ifRejected(decision, () => {});
  throw new BeeHiveError(
    "InvalidConfiguration",
    `${name} must be synchronous, and returned a promise. Await what it needs before the call.`,
  );
}

function isPromised(returned: unknown): returned is object {
  return typeof returned === "object" && returned !== null && "then" in returned;
}
