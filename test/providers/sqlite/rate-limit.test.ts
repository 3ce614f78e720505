import { Event, openProvider, QueueName, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { Worker } from "../../support/effects-process.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("rate limits of processes", { timeoutMs: 120_000 });

test("four processes start no more runs in any span than the limit", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const [limit, perMs, spans] = [30, 1_000, 5];
  const provider = await openProvider(url, { clock: systemClock });
  const spec = { ordered: false, leaseMs: 30_000, maxAttempts: 10 };
  await provider.queues.ensure(["Ping-", "Ping-Limited"].map((name) => ({ ...spec, name: QueueName.parse(name) })));
  const workers = Array.from({ length: 4 }, () => new Worker({ url, limit, perMs }, "rate-worker.ts"));
  await Promise.all(workers.map((worker) => worker.said("ready")));
  await provider.queues.push(Array.from({ length: limit * spans }, (_, n) => new Event("Ping", n)));
  const runs = (): number[] =>
    workers.flatMap(({ lines }) =>
      lines.filter((line) => line.startsWith("ran ")).map((line) => Number(line.slice(4))),
    );
  while (runs().length < limit * spans) await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all(workers.map((worker) => worker.kill()));
  await provider.close();
  const times = runs().sort((one, other) => one - other);
  assert.is(times.length, limit * spans);
  // A run prints its time after the limiter has counted it: the clock has moved between the two.
  const lateMs = 100;
  const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + perMs - lateMs).length));
  assert.ok(most <= limit, `${most} runs in ${perMs} ms`);
  if (process.env["BEEHIVE_SHOW_RATE"]) {
    const elapsed = (times.at(-1) ?? 0) - (times[0] ?? 0);
    console.log({ runs: times.length, elapsed, least: (spans - 1) * perMs, most });
  }
});

test.run();
