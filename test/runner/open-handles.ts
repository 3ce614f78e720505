/**
 * Finds what a test file left behind: servers, sockets, timers and child processes that would keep the process
 * alive, by the names that Node gives them.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Work that ends by itself: reads and closes under way, which may still be running when the last test is done. */
const PASSING = new Set(["FSReqCallback", "FSReqPromise", "CloseReq", "Immediate", "TTYWrap"]);
const GRACE_MS = 1_000;
const POLL_MS = 10;

export type Handles = readonly string[];

export function openHandles(): Handles {
  return process.getActiveResourcesInfo().filter((name) => !PASSING.has(name));
}

/** The handles that were opened since and are still there after a grace period, in which closing ones may close. */
export async function leakedSince(before: Handles): Promise<Handles> {
  const end = Date.now() + GRACE_MS;
  let leaked = added(before, openHandles());
  while (leaked.length > 0 && Date.now() < end) {
    await sleep(POLL_MS);
    leaked = added(before, openHandles());
  }
  return leaked;
}

/** `after` less `before`, counting each name: two servers where there was one is one server. */
function added(before: Handles, after: Handles): Handles {
  const rest = [...before];
  return after.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
