/** pg-boss in batches: a batch is inserted into the next queue before it is completed; woken by notifications. */
import { PgBoss, type Job } from "pg-boss";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

/** Workers of each queue, so that one fetches while another completes. */
const localConcurrency = 2;

serve(async ({ concurrency, port = 5432 }, handled) => {
  const boss = new PgBoss({
    connectionString: `postgres://beehive@127.0.0.1:${port}/postgres`,
    schema: `boss_${process.pid}_${Date.now()}`,
    max: 10,
    useListenNotify: true,
    supervise: false,
    schedule: false,
  });
  boss.on("error", () => {});
  await boss.start();
  const queues = ["first", "second", "third"] as const;
  for (const name of queues) await boss.createQueue(name, { notify: true });
  const options = { batchSize: concurrency, localConcurrency, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
  for (const [hop, name] of queues.entries()) {
    const next = queues[hop + 1];
    await boss.work<Body>(name, options, async (jobs: Job<Body>[]) => {
      for (const { data } of jobs) handled(hop as 0 | 1 | 2, data);
      if (next !== undefined)
        await boss.insert(
          next,
          jobs.map(({ data }) => ({ data })),
        );
    });
  }
  return {
    push: (body) => boss.send("first", body),
    close: () => boss.stop({ graceful: true, timeout: 5_000 }),
  };
});
