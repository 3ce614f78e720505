/**
 * Finds handles that a test file left open: servers, sockets, timers and child processes that would keep the process
 * alive, by the names that Node gives them.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Handles that end by themselves: reads and closes, which may be under way after the last test. */
const PASSING = new Set(["FSReqCallback", "FSReqPromise", "CloseReq", "Immediate", "TTYWrap"]);
const GRACE_MS = 1_000;
const POLL_MS = 10;

export type Handles = readonly string[];

export function openHandles(): Handles {
  return process.getActiveResourcesInfo().filter((name) => !PASSING.has(name));
}

/** Returns the handles that were opened since then and are still open after a grace period. */
export async function leakedSince(before: Handles): Promise<Handles> {
  const end = Date.now() + GRACE_MS;
  let leaked = added(before, openHandles());
  while (leaked.length > 0 && Date.now() < end) {
    await sleep(POLL_MS);
    leaked = added(before, openHandles());
  }
  return leaked;
}

/** Returns `after` minus `before`, counting each name: two servers minus one server is one server. */
function added(before: Handles, after: Handles): Handles {
  const rest = [...before];
  return after.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
