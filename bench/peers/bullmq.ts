/** Three queues of BullMQ. A job completes after its successor is added to the next queue. */
import { Queue, Worker, type Job } from "bullmq";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

serve(async ({ concurrency, port = 6379 }, handled) => {
  const connection = { host: "127.0.0.1", port };
  const prefix = `bench-${process.pid}-${Date.now()}`;
  const options = { connection, prefix, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } };
  const queues = ["first", "second", "third"].map((name) => new Queue<Body>(name, options));
  const [first, second, third] = queues;
  const worker = (name: string, work: (job: Job<Body>) => Promise<void>): Worker<Body> =>
    new Worker<Body>(name, work, { connection, prefix, concurrency });
  const workers = [
    worker("first", async ({ data }) => {
      handled(0, data);
      await second?.add("job", data);
    }),
    worker("second", async ({ data }) => {
      handled(1, data);
      await third?.add("job", data);
    }),
    worker("third", async ({ data }) => handled(2, data)),
  ];
  await Promise.all([...queues, ...workers].map((each) => each.waitUntilReady()));
  return {
    push: (body) => first?.add("job", body),
    async close() {
      await Promise.all(workers.map((each) => each.close()));
      await Promise.all(queues.map((queue) => queue.obliterate({ force: true })));
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
});
