/** Handles the rejection of a promise that a callback returned and no code awaits. It would end the process. */
export function ifRejected(returned: unknown, handle: (reason: unknown) => void): void {
  if (typeof returned !== "object" || returned === null || !("then" in returned)) return;
  Promise.resolve(returned).catch(handle);
}
