/** Actors that run in threads, for threads.test.ts. */
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import {
  actor,
  collectionStore,
  counterStore,
  eventType,
  lockStore,
  RejectEvent,
  RetryLater,
  type Identified,
} from "beehive-actors";

export interface Sum extends Identified {
  readonly etag?: string | undefined;
  readonly total: number;
  readonly threads: readonly number[];
}

interface Task {
  readonly what: string;
  readonly n: number;
}

export const Sums = collectionStore<Sum>("Sums");
export const Task = eventType<Task>("Task");
export const Summed = eventType<{ readonly total: number; readonly threadId: number }>("Summed");

const isolate = { thread: import.meta.url };
const options = { isolate, publishes: [Summed], retry: { maxAttempts: 2, minDelay: 1, maxDelay: 1 } };

export const Adds = actor(
  "Task-Adds",
  Task,
  { ...options, parallelism: 2, lease: "1s", uses: { sums: Sums, counters: counterStore, locks: lockStore } },
  async ({ body: { what, n }, context, sums, counters, locks }) => {
    context.logger.info({ n }, "adding");
    switch (what) {
      case "add": {
        const before = await sums.find("1");
        const ids: string[] = [];
        for await (const { id } of sums.all()) ids.push(id);
        const total = (before?.total ?? 0) + n;
        const threads = [...new Set([...(before?.threads ?? []), threadId])];
        await sums.upsert({ ...before, id: "1", total, threads });
        await counters.increment("adds", "all", 1);
        return [Summed.create({ total, threadId })];
      }
      case "write-and-fail":
        await sums.upsert({ id: "failed", total: n, threads: [] });
        throw new RangeError("too much");
      case "forget":
        void sums.get("missing");
        if (n > 0) await sleep(n);
        return [];
      case "reject":
        throw new RejectEvent("it has no sum");
      case "later":
        if (context.attempt === 1) throw new RetryLater(5, "not yet");
        return [Summed.create({ total: -1, threadId })];
      case "exit":
        return process.exit(3);
      case "compute": {
        const until = performance.now() + n;
        while (performance.now() < until);
        return [Summed.create({ total: n, threadId })];
      }
      case "for-ever":
        while (performance.now() > 0);
        return [];
      case "lock":
        await locks.tryLock("door");
        return [];
      default:
        return [Summed.create({ total: 0, threadId }, { id: "fixed" })];
    }
  },
);
