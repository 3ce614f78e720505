import { workerData } from "node:worker_threads";
import { BeeHiveError } from "../../../base/errors.ts";
import type { ThreadData } from "./messages.ts";

/**
 * Throws in a thread of an actor: its module would start another hive there, with threads that do the same.
 *
 * @throws BeeHiveError `InvalidState` with the cure.
 */
export function assertNoThread(): void {
  const { forActor } = Object(workerData) as Partial<ThreadData>;
  if (forActor === undefined) return;
  throw new BeeHiveError(
    "InvalidState",
    `The module of an actor with isolate, the one of ${forActor}, creates a hive. ` +
      "Move the actor into a module of its own, which the threads import.",
  );
}
