/** plainjob on better-sqlite3, at full sync like BeeHive; plainjob itself would set NORMAL. */
import Database from "better-sqlite3";
import { join } from "node:path";
import { better, defineQueue, defineWorker } from "plainjob";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

const nothing = (): void => {};
const logger = { error: nothing, warn: nothing, info: nothing, debug: nothing };
/** Poll interval of an idle worker, in ms. */
const pollIntervall = 1;

serve(async ({ concurrency, folder = "" }, handled) => {
  const connection = better(new Database(join(folder, "jobs.db")));
  const queue = defineQueue({ connection, logger });
  connection.pragma("synchronous = FULL");
  const worker = (type: string, hop: 0 | 1 | 2, next: string | undefined): ReturnType<typeof defineWorker> =>
    defineWorker(
      type,
      async ({ data }) => {
        const body = JSON.parse(data) as Body;
        handled(hop, body);
        if (next !== undefined) queue.add(next, body);
        // plainjob is synchronous: without a turn of the event loop no other work would run.
        await new Promise(setImmediate);
      },
      { queue, logger, pollIntervall },
    );
  const workers = Array.from({ length: concurrency }, () => [
    worker("first", 0, "second"),
    worker("second", 1, "third"),
    worker("third", 2, undefined),
  ]).flat();
  const ended = workers.map((each) => each.start());
  return {
    push: (body) => void queue.add("first", body),
    async close() {
      await Promise.all(workers.map((each) => each.stop()));
      await Promise.all(ended);
      queue.close();
    },
  };
});
