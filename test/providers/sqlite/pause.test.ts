/** A pause of an operator, followed by processes that share a file. */
import { Event, openProvider, operate, systemClock, type Operator } from "beehive-actors";
import * as assert from "uvu/assert";
import { eventually, quietMs, wait } from "../../../src/testing/contracts/eventually.ts";
import { Worker } from "../../support/effects-process.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("pauses over processes", { timeoutMs: 60_000 });

const queue = "Job-Count";
const options = { jobs: [0, 0], leaseMs: 5_000, stays: true } as const;

test("three processes, one started later, follow a pause and a resume", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const workers = [1, 2, 3].map(() => new Worker({ ...options, url }));
  const provider = await openProvider(url, { clock: systemClock });
  try {
    await Promise.all(workers.map((worker) => worker.said("ready")));
    const operator = await operate(provider);
    await operator.queue(queue).pause({ reason: "the bank is down", by: "ada" });
    await eventually("all three follow", async () => (await heldIn(operator)) === 3);
    workers.push(new Worker({ ...options, url }));
    await workers[3]?.said("ready");
    assert.is(await heldIn(operator), 4, "a process that starts later follows at once");
    await provider.queues.push(Array.from({ length: 50 }, (_, n) => new Event("Job", `job-${n}`)));
    await wait(quietMs);
    assert.is(handled(workers), 0);
    assert.is((await operator.queue(queue).counts()).ready, 50);
    await operator.queue(queue).resume({ by: "ada" });
    // Jobs that collide at their counter are run again.
    await eventually("all jobs are handled", async () => {
      const { ready, leased, delayed } = await operator.queue(queue).counts();
      return ready + leased + delayed === 0 && handled(workers) >= 50;
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await provider.close();
  }
});

test("a pause survives the end of every process", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  await new Worker({ ...options, url, stays: false }).done();
  const first = await openProvider(url, { clock: systemClock });
  await (await operate(first)).pauseAll({ reason: "restoring", by: "ada" });
  await first.close();
  const worker = new Worker({ ...options, url });
  const provider = await openProvider(url, { clock: systemClock });
  try {
    await worker.said("ready");
    await provider.queues.push([new Event("Job", "job-1")]);
    await wait(quietMs);
    assert.is(worker.handled, 0);
    const [pause] = await (await operate(provider)).pauses();
    assert.equal([pause?.on, pause?.operator, pause?.reason], ["*", "ada", "restoring"]);
    await (await operate(provider)).resumeAll({ by: "bob" });
    await worker.said("handled job-1");
  } finally {
    await worker.kill();
    await provider.close();
  }
});

test.run();

async function heldIn(operator: Operator): Promise<number> {
  const read = (await operator.hives()).flatMap(({ subscriptions }) => subscriptions);
  return read.filter((one) => one.queue === queue && one.held).length;
}

function handled(workers: readonly Worker[]): number {
  return workers.reduce((sum, worker) => sum + worker.handled, 0);
}
