/** graphile-worker: a job is added for the next task before it is completed; fetched and completed in batches. */
import { Logger, makeWorkerUtils, run, type Task } from "graphile-worker";
import pg from "pg";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

const silent = new Logger(() => () => {});

serve(async ({ concurrency, port = 5432 }, handled) => {
  const pgPool = new pg.Pool({ connectionString: `postgres://beehive@127.0.0.1:${port}/postgres`, max: 12 });
  pgPool.on("error", () => {});
  const schema = `graphile_${process.pid}_${Date.now()}`;
  const common = { pgPool, schema, logger: silent };
  const utils = await makeWorkerUtils(common);
  await utils.migrate();
  const task =
    (hop: 0 | 1 | 2, next: string | undefined): Task =>
    async (payload, { addJob }) => {
      handled(hop, payload as Body);
      if (next !== undefined) await addJob(next, payload);
    };
  const runner = await run({
    ...common,
    taskList: { first: task(0, "second"), second: task(1, "third"), third: task(2, undefined) },
    noHandleSignals: true,
    preset: {
      worker: {
        concurrentJobs: concurrency,
        localQueue: { size: 2 * concurrency },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  return {
    push: (body) => utils.addJob("first", body),
    async close() {
      await runner.stop();
      await utils.release();
      await pgPool.end();
    },
  };
});
