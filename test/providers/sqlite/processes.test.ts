/** Several processes on one file. */
import * as assert from "uvu/assert";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { assertOnce } from "../../support/effects.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { Worker } from "../../support/effects-process.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: processes", { timeoutMs: 120_000 });

for (const processes of [2, 4]) {
  test(`${processes} processes share a file and handle each event once`, async () => {
    using file = sqliteFile();
    const url = `sqlite:${file.path}`;
    const jobs = processes * 200;
    const workers = Array.from(
      { length: processes },
      () => new Worker({ url, jobs: [0, 0], leaseMs: 5_000, workMs: 10, stays: true }),
    );
    try {
      await Promise.all(workers.map((worker) => worker.said("ready")));
      // Ends when all work is done, by any of the processes.
      const pusher = new Worker({ url, jobs: [0, jobs], leaseMs: 5_000, workMs: 10 });
      await pusher.done();
      const handled = [...workers, pusher].map((worker) => worker.handled);
      assert.ok(
        handled.every((count) => count > 0),
        `one had nothing to do: ${handled.join(", ")}`,
      );
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
    await assertOnce(`sqlite:${file.path}`, jobs);
  });
}

test("another process does the work of a killed one", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const jobs = 20;
  const victim = new Worker({ url, jobs: [0, jobs], leaseMs: 1_000, hangs: true });
  await victim.said("handled");
  const other = new Worker({ url, jobs: [0, 0], leaseMs: 1_000 });
  await other.said("ready");
  await victim.kill();
  await other.done();
  assert.ok(other.lines.includes(victim.lines.find((line) => line.startsWith("handled ")) ?? ""));
  await assertOnce(`sqlite:${file.path}`, jobs);
});

test("a waiter is woken soon by a push of another process", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  try {
    const name = QueueName.parse("Letters");
    await here.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
    const { signal } = new AbortController();
    const waiting = here.queues.lease(name, { max: 1, leaseMs: 1_000, waitMs: 60_000, signal });
    await there.queues.push([new Event("Letter", "hello", { queueName: "Letters" })]);
    assert.is((await waiting)[0]?.event.getBody(), "hello");
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test("processes know the event ids of each other", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  const push = (provider: SqliteProvider, id: string): Promise<unknown> =>
    provider.queues.push([new Event("Letter", id, { id, queueName: "Letters" })]);
  try {
    const name = QueueName.parse("Letters");
    await here.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
    for (const id of ["a", "b", "c"]) {
      await push(here, id);
      await push(there, id);
      await push(there, `${id}${id}`);
      await push(here, `${id}${id}`);
    }
    assert.is((await here.queues.counts(name)).ready, 6);
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test("an event reaches a topic that another process created", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  try {
    const name = QueueName.parse("News-Reader");
    assert.equal(await here.queues.missing([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]), [name]);
    await there.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
    await here.queues.push([new Event("News", 1, { id: "once" })]);
    await there.queues.push([new Event("News", 1, { id: "once" })]);
    assert.is((await there.queues.counts(name)).ready, 1, "and its id is known there");
    await there.queues.delete(name);
    const { signal } = new AbortController();
    const request = { max: 1, leaseMs: 1_000, waitMs: 5_000, signal };
    const refused = await here.queues.lease(name, request).catch((error: unknown) => error);
    assert.ok(isBeeHiveError(refused, "QueueNotFound"));
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test.run();
