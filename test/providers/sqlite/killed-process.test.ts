/** Leases of a killed process, which are abandoned before they expire. */
import * as assert from "uvu/assert";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { availableDrivers, openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { noteClosed, noteOpened } from "../../../providers/sqlite/file/open-files.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { ProcessLock } from "../../../providers/sqlite/queues/process-lock.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { assertOnce } from "../../support/effects.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { Worker } from "../../support/effects-process.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("sqlite: killed process", { timeoutMs: 60_000 });

/** Longer than any test: an event that is leased again sooner did not wait for the end of its lease. */
const leaseMs = 600_000;
const name = QueueName.parse("Letters");
const letter = (body: unknown, partitionKey?: string): Event =>
  new Event("Letter", body, { queueName: "Letters", partitionKey });
const bodies = (leases: readonly SqliteLease[]): unknown[] => leases.map(({ event }) => event.getBody());
const locksBeside = (file: string): string[] =>
  readdirSync(dirname(file)).filter((entry) => entry.startsWith("hive.db-process-"));

async function opened(file: string, ordered = false): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file });
  await provider.queues.ensure([{ name, ordered, leaseMs, maxAttempts: 3 }]);
  return provider;
}

function lease({ queues }: SqliteProvider, max: number, waitMs = 0): Promise<readonly SqliteLease[]> {
  return queues.lease(name, { max, leaseMs, waitMs, signal: new AbortController().signal });
}

/** Makes the leases of this process look like those of a dead one. */
function die(file: string): void {
  writeFileSync(`${file}-process-dead`, "");
  const database = openDriver(file);
  database.exec("UPDATE processes SET lock = 'dead'");
  database.close();
}

test("a killed process that restarts goes on at once", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const victim = new Worker({ url, jobs: [0, 20], leaseMs, hangs: true });
  await victim.said("handled");
  await victim.kill();
  assert.is(locksBeside(file.path).length, 1, "it could not clear its lock away");
  await new Worker({ url, jobs: [0, 0], leaseMs }).done();
  await assertOnce(`sqlite:${file.path}`, 20);
  assert.equal(locksBeside(file.path), []);
});

test("a process whose first lease is rolled back is noted by its next", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter("one")]);
  const other = openDriver(file.path);
  const noted = other.prepare<{ lock: string }>("SELECT lock FROM processes");
  // Short leases fail, so that no other process can act between the two.
  other.exec(
    "CREATE TRIGGER fails BEFORE UPDATE ON messages WHEN new.due - new.first_seen < 1000 BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  const { signal } = new AbortController();
  const short = { max: 1, leaseMs: 10, waitMs: 0, signal };
  await throwsCode("Unavailable", () => provider.queues.lease(name, short));
  assert.equal(noted.all([]), []);
  const taken = await lease(provider, 1);
  assert.equal(bodies(taken), ["one"]);
  assert.equal(
    noted.all([]).map(({ lock }) => `hive.db-process-${lock}`),
    locksBeside(file.path),
  );
  other.exec("DROP TRIGGER fails");
  other.close();
  die(file.path);
  const next = await opened(file.path);
  assert.equal(bodies(await lease(next, 1, 10_000)), ["one"], "it was leased under the process that is noted");
  await Promise.all([provider.close(), next.close()]);
});

test("a lock of a killed process is free within seconds", async () => {
  using file = sqliteFile();
  const [victim, other] = [await opened(file.path), await opened(file.path)];
  const held = await victim.stores.locks.tryLock("till", { ttl: leaseMs });
  const waiting = lease(other, 1, 20_000);
  assert.is(await other.stores.locks.tryLock("till"), undefined);
  die(file.path);
  const next = await other.stores.locks.tryLock("till", { ttl: leaseMs, wait: 10_000 });
  assert.ok(next && held && next.fencingToken > held.fencingToken);
  await held.release();
  assert.is(await other.stores.locks.tryLock("till"), undefined, "what the dead do changes nothing");
  await other.queues.push([letter("end")]);
  await waiting;
  await Promise.all([victim.close(), other.close()]);
});

test("another process takes over from a killed one within seconds", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const victim = new Worker({ url, jobs: [0, 20], leaseMs, hangs: true });
  while (victim.handled < 8) await sleep(10);
  const others = [1, 2, 3].map(() => new Worker({ url, jobs: [0, 0], leaseMs }));
  await Promise.all(others.map((other) => other.said("ready")));
  // By then each process has checked the victim.
  await sleep(1_500);
  // Jobs on one counter collide, so a job may be handled more than once.
  const done = new Set(others.flatMap(({ lines }) => lines.filter((line) => line.startsWith("handled "))));
  assert.ok(!victim.lines.some((line) => done.has(line)), "what the living holds stays with it");
  await victim.kill();
  await Promise.all(others.map((other) => other.done()));
  await assertOnce(`sqlite:${file.path}`, 20);
});

test("leases of a living process stay", async () => {
  using file = sqliteFile();
  const here = await opened(file.path);
  const there = await opened(file.path);
  await here.queues.push([letter(1), letter(2)]);
  const [held] = (await lease(here, 1)) as [SqliteLease];
  assert.equal(bodies(await lease(there, 10, 2_500)), [2]);
  assert.equal(await lease(there, 10, 1_500), []);
  await here.queues.commit(held, []);
  await Promise.all([here.close(), there.close()]);
  assert.equal(locksBeside(file.path), []);
});

test("a retried event of a killed process waits for its lease end", async () => {
  using file = sqliteFile();
  const victim = await opened(file.path);
  await victim.queues.push([letter("suspect"), letter("innocent")]);
  const [suspect] = (await lease(victim, 1)) as [SqliteLease];
  await victim.queues.abandon(suspect, { delayMs: 0, countAttempt: true });
  assert.equal(bodies(await lease(victim, 2)), ["suspect", "innocent"]);
  die(file.path);
  const other = await opened(file.path);
  const leases = await lease(other, 10, 5_000);
  assert.equal(bodies(leases), ["innocent"]);
  assert.is(leases[0]?.attempt, 2, "the run that was not finished counts");
  assert.is((await other.queues.counts(name)).leased, 2);
  await Promise.all([victim.close(), other.close()]);
});

test("an ordered key of a killed process goes on in order", async () => {
  using file = sqliteFile();
  const victim = await opened(file.path, true);
  await victim.queues.push([1, 2, 3].map((n) => letter(n, "key")));
  assert.equal(bodies(await lease(victim, 10)), [1]);
  die(file.path);
  const other = await opened(file.path, true);
  const seen: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    const [only, ...more] = await lease(other, 10, 5_000);
    assert.ok(only && more.length === 0);
    seen.push(only.event.getBody());
    await other.queues.commit(only, []);
  }
  assert.equal(seen, [1, 2, 3]);
  await Promise.all([victim.close(), other.close()]);
});

test("a process cannot settle a lease that was abandoned for it", async () => {
  using file = sqliteFile();
  const slow = await opened(file.path);
  await slow.queues.push([letter(1)]);
  const [lost] = (await lease(slow, 1)) as [SqliteLease];
  die(file.path);
  const other = await opened(file.path);
  const [held] = (await lease(other, 1, 5_000)) as [SqliteLease];
  const refused = await slow.queues.commit(lost, []).catch((error: unknown) => error);
  assert.match(String(refused), /The lease on the event .* is over/);
  await other.queues.commit(held, []);
  await Promise.all([slow.close(), other.close()]);
});

test("a process taken for dead registers again", async () => {
  using file = sqliteFile();
  const first = await opened(file.path);
  await first.queues.push([letter(1), letter(2)]);
  assert.is((await lease(first, 1)).length, 1);
  die(file.path);
  const other = await opened(file.path);
  assert.is((await lease(other, 1, 5_000)).length, 1);
  const said = (): number[] => {
    const database = openDriver(file.path);
    const rows = database.prepare<{ id: number }>("SELECT id FROM processes ORDER BY id").all([]);
    database.close();
    return rows.map(({ id }) => id);
  };
  assert.is((await lease(first, 1)).length, 1);
  assert.is(said().length, 2);
  await first.close();
  await other.close();
  assert.equal(said(), []);
});

test("a living process keeps its leases, whatever the path", async () => {
  using file = sqliteFile();
  const here = await opened(file.path);
  await here.queues.push([letter(1)]);
  const [held] = (await lease(here, 1)) as [SqliteLease];
  symlinkSync(file.path, file.beside("link.db"));
  const linked = new SqliteProvider({ file: file.beside("link.db") });
  const folder = process.cwd();
  const near = new SqliteProvider({ file: relative(folder, file.path) });
  process.chdir("/");
  try {
    for (const other of [linked, near]) assert.equal(await lease(other, 1, 1_200), []);
  } finally {
    process.chdir(folder);
  }
  await here.queues.commit(held, []);
  await Promise.all([here.close(), linked.close(), near.close()]);
});

test("a removed lock file does not make its process dead", async () => {
  using file = sqliteFile();
  const here = await opened(file.path);
  await here.queues.push([letter(1)]);
  const [held] = (await lease(here, 1)) as [SqliteLease];
  for (const name of locksBeside(file.path)) rmSync(file.beside(name));
  const other = await opened(file.path);
  assert.equal(await lease(other, 1, 1_200), []);
  await here.queues.commit(held, []);
  await Promise.all([here.close(), other.close()]);
});

test("orphaned lock files are removed when they are old", async () => {
  using file = sqliteFile();
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const name of ["old", "new"]) writeFileSync(`${file.path}-process-${name}`, "");
  utimesSync(`${file.path}-process-old`, hourAgo, hourAgo);
  const provider = await opened(file.path);
  await lease(provider, 1);
  assert.equal(locksBeside(file.path), ["hive.db-process-new"]);
  await provider.close();
});

test("one process cannot open a file with two drivers", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const [driver] = availableDrivers();
  const other = driver === "libsql" ? "node:sqlite" : "libsql";
  await throwsCode("InvalidConfiguration", () => noteOpened(realpathSync(file.path), other));
  await provider.close();
  noteOpened(realpathSync(file.path), other);
  noteClosed(realpathSync(file.path));
});

test("the file is complete by itself after a clean stop", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.stores.collection("Orders").insert({ id: "1" });
  await provider.close();
  copyFileSync(file.path, file.beside("copy.db"));
  const copy = new SqliteProvider({ file: file.beside("copy.db") });
  assert.ok(await copy.stores.collection("Orders").exists("1"));
  await copy.close();
});

for (const driver of availableDrivers()) {
  test(`${driver}: a process lock is held until released`, () => {
    using file = sqliteFile();
    const lock = new ProcessLock(file.path, driver);
    assert.is(ProcessLock.isDead(file.path, lock.name, driver), false);
    lock.release();
    assert.is(existsSync(file.path), false);
    assert.equal(locksBeside(file.path), []);
  });
}

test.run();
