/** Handles the rejection of what a callback that is not awaited returned, if that is a promise: it would end the process. */
export function ifRejected(returned: unknown, handle: (reason: unknown) => void): void {
  if (typeof returned !== "object" || returned === null || !("then" in returned)) return;
  Promise.resolve(returned).catch(handle);
}
