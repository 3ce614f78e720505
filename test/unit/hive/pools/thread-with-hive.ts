/** A module with an actor that also creates a hive, for threads.test.ts. */
import { isMainThread } from "node:worker_threads";
import { actor, createHive, eventType, silentLogger } from "beehive-actors";

export const Beside = actor(
  "Task-Beside",
  eventType<{ readonly what: string }>("Task"),
  { isolate: { thread: import.meta.url }, retry: { maxAttempts: 1 } },
  () => {},
);

if (!isMainThread) await createHive({ actors: Beside, logger: silentLogger });
