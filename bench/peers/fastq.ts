/** Three queues of fastq, a queue without more. */
import fastq from "fastq";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

serve(async ({ concurrency }, handled) => {
  const third = fastq.promise(async (body: Body) => handled(2, body), concurrency);
  const second = fastq.promise(async (body: Body) => {
    handled(1, body);
    void third.push(body);
  }, concurrency);
  const first = fastq.promise(async (body: Body) => {
    handled(0, body);
    void second.push(body);
  }, concurrency);
  return { push: (body) => first.push(body), close: async () => {} };
});
