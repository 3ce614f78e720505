/** Processes, connections and servers that end at random. `BEEHIVE_KILLS` sets the number of kills. */
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "../../postgres/server.ts";
import { assertOnce } from "../../support/effects.ts";
import { Worker } from "../../support/effects-process.ts";
import { noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const kills = Number(process.env["BEEHIVE_KILLS"] ?? 10);
const jobsARun = 300;

const test = suite("postgres: crash", { timeoutMs: 120_000 + kills * 15_000, skip: noPostgres });

test(`effects happen once through ${kills} kills of workers`, async () => {
  const schema = postgresSchema();
  const url = `${schema.url}&deduplication=1h`;
  // On a slow machine many workers are killed before they settle the first jobs.
  const maxAttempts = 10 + kills;
  for (let run = 0; run < kills; run++) {
    const worker = new Worker({ url, jobs: [run * jobsARun, (run + 1) * jobsARun], leaseMs: 1_000, maxAttempts });
    await worker.said("ready");
    await sleep(Math.random() * 250);
    await worker.kill();
  }
  // Push again in case the first push was lost, and work until the queue is empty.
  await new Worker({ url, jobs: [0, kills * jobsARun], leaseMs: 1_000, maxAttempts }).done();
  await assertOnce(url, kills * jobsARun);
  await schema.drop();
});

test("effects happen once while connections are ended at random", async () => {
  const schema = postgresSchema();
  const url = `${schema.url}&deduplication=1h`;
  const jobs = 1_500;
  const workers = [
    new Worker({ url, jobs: [0, jobs], leaseMs: 2_000 }),
    new Worker({ url, jobs: [jobs, 2 * jobs], leaseMs: 2_000 }),
  ];
  let working = true;
  const done = Promise.allSettled(workers.map((worker) => worker.done())).finally(() => (working = false));
  while (working) {
    await sleep(50 + Math.random() * 150);
    await query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() " +
        "AND application_name = 'beehive' AND query LIKE $1 ORDER BY random() LIMIT 1",
      [`%${schema.name}%`],
    );
  }
  await done;
  for (const worker of workers) await worker.done();
  await assertOnce(url, 2 * jobs);
  await schema.drop();
});

test("effects happen once while the server crashes", async () => {
  const server = await startPostgres();
  const jobs = 1_500;
  const url = `${server.url}?deduplication=1h`;
  try {
    const worker = new Worker({ url, jobs: [0, jobs], leaseMs: 2_000 });
    let working = true;
    const ended = Promise.allSettled([worker.done()]).finally(() => (working = false));
    await worker.said("handled");
    while (working) {
      await sleep(300 + Math.random() * 500);
      if (working) await server.restart();
    }
    await ended;
    await worker.done();
    await assertOnce(url, jobs);
  } finally {
    await server.stop();
  }
});

test.run();
