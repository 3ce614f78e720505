/** Messages that are leased to a waiter by the transaction that publishes them. */
import * as assert from "uvu/assert";
import { openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { countStatements } from "../../support/sqlite-statements.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: handover");

const name = QueueName.parse("Letters");
const letter = (body: unknown, partitionKey?: string): Event =>
  new Event("Letter", body, { queueName: "Letters", partitionKey });
const bodies = (leases: readonly SqliteLease[]): unknown[] => leases.map(({ event }) => event.getBody());

async function opened(file: string, ordered = false): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file, driver: "libsql" });
  await provider.queues.ensure([{ name, ordered, leaseMs: 30_000, maxAttempts: 3 }]);
  return provider;
}

function lease(
  { queues }: SqliteProvider,
  max: number,
  { waitMs = 0, leaseMs = 30_000, signal = new AbortController().signal } = {},
): Promise<readonly SqliteLease[]> {
  return queues.lease(name, { max, leaseMs, waitMs, signal });
}

/** The first lease of a process takes the process lock. */
async function leaseFirst(provider: SqliteProvider): Promise<void> {
  await provider.queues.push([letter("first")]);
  for (const one of await lease(provider, 1)) await provider.queues.commit(one, []);
}

test("an event is leased to a waiter by the transaction of its push", async () => {
  using file = sqliteFile();
  using counts = countStatements("libsql");
  const provider = await opened(file.path);
  await leaseFirst(provider);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  counts.clear();
  await provider.queues.push([letter(1), letter(2)]);
  const leases = await waiting;
  assert.equal(bodies(leases), [1, 2]);
  assert.is(counts.transactions, 1);
  assert.equal(
    leases.map(({ attempt, queueName, event }) => [attempt, queueName.toString(), event.queueName]),
    Array(2).fill([1, "Letters", "Letters"]),
  );
  const { ready, leased } = await provider.queues.counts(name);
  assert.equal([ready, leased], [0, 2]);
  const held = await provider.queues.renew(leases, 30_000);
  assert.equal(held, [true, true]);
  for (const one of leases) await provider.queues.commit(one, []);
  assert.equal(await provider.queues.counts(name), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  await provider.close();
});

test("another process may order a subscription whose events wait", async () => {
  using file = sqliteFile();
  const here = await opened(file.path);
  await here.queues.push([letter(1, "key"), letter(2, "key")]);
  const there = await opened(file.path, true);
  assert.equal(bodies(await lease(there, 10)), [1]);
  await Promise.all([here.close(), there.close()]);
});

test("polls that follow each other look once at others, and at times", async () => {
  using file = sqliteFile();
  using counts = countStatements("libsql");
  const provider = await opened(file.path);
  for (let times = 0; times < 5; times++) await lease(provider, 1);
  assert.is(counts.byText.get("SELECT id, lock FROM processes ORDER BY id"), 1);
  const times = [...counts.byText].filter(([sql]) => /^SELECT 1 FROM messages .*counted_from/.test(sql));
  assert.equal(
    times.map(([, count]) => count),
    [1],
  );
  await provider.close();
});

test("events pushed and leased in one turn take one transaction", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter(1)]);
  const [, leases] = await Promise.all([provider.queues.push([letter(2)]), lease(provider, 10)]);
  assert.equal(bodies(leases), [1, 2]);
  await provider.close();
});

test("a waiter is woken for events in line and delayed events", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path, true);
  for (const event of [
    () => letter("in line", "key"),
    () => new Event("Letter", "later", { queueName: "Letters", enqueueTime: new Date(Date.now() + 100) }),
  ]) {
    const waiting = lease(provider, 1, { waitMs: 60_000 });
    await new Promise(setImmediate);
    const pushed = event();
    await provider.queues.push([pushed]);
    const [one] = await waiting;
    assert.is(one?.event.id, pushed.id);
    await provider.queues.commit(one as SqliteLease, []);
  }
  await provider.close();
});

test("events beyond the room of a waiter stay in the queue", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 2, { waitMs: 60_000 });
  await new Promise(setImmediate);
  await Promise.all([1, 2, 3, 4].map((n) => provider.queues.push([letter(n)])));
  assert.equal(bodies(await waiting), [1, 2]);
  assert.equal(bodies(await lease(provider, 10)), [3, 4]);
  await provider.close();
});

test("a handed-over event does not overtake one in line", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter("first")]);
  const [first] = (await lease(provider, 1)) as [SqliteLease];
  const waiting = lease(provider, 1, { waitMs: 60_000 });
  await new Promise(setImmediate);
  await Promise.all([
    provider.queues.abandon(first, { delayMs: 0, countAttempt: true }),
    provider.queues.push([letter("second")]),
  ]);
  assert.equal(bodies(await waiting), ["first"]);
  assert.equal(bodies(await lease(provider, 10)), ["second"]);
  await provider.close();
});

test("a rolled-back handover is repeated once by the next", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter("lost")]);
  const [lost] = (await lease(provider, 1)) as [SqliteLease];
  const stranger = openDriver(file.path, "libsql");
  stranger.exec("UPDATE messages SET lease = lease + 1");
  stranger.close();
  const other = QueueName.parse("Other");
  await provider.queues.ensure([{ name: other, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  const [, , refused] = await Promise.all([
    provider.queues.push([letter("once")]),
    // Flush the buffered rows, so that the message is handed over before the rollback.
    provider.queues.delete(other),
    provider.queues.commit(lost, [letter("never")]).catch((error: unknown) => error),
  ]);
  assert.is((refused as { code?: string }).code, "LeaseLost");
  assert.equal(bodies(await waiting), ["once"]);
  assert.is((await provider.queues.counts(name)).leased, 2, "that of somebody else, and the one handed over");
  await provider.close();
});

test("an event for a waiter that aborted stays for the next", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const controller = new AbortController();
  const waiting = lease(provider, 10, { waitMs: 60_000, signal: controller.signal });
  await new Promise(setImmediate);
  const pushed = provider.queues.push([letter(1)]);
  controller.abort();
  assert.equal(await waiting, []);
  await pushed;
  assert.equal(bodies(await lease(provider, 10)), [1]);
  await provider.close();
});

test("a handed-over event is leased again when its lease expires", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 10, { waitMs: 60_000, leaseMs: 200 });
  await new Promise(setImmediate);
  await provider.queues.push([letter(1)]);
  const [first] = (await waiting) as [SqliteLease];
  const [second] = (await lease(provider, 10, { waitMs: 10_000 })) as [SqliteLease];
  assert.equal([first.attempt, second.attempt], [1, 2]);
  assert.is(second.firstSeen, first.firstSeen);
  await provider.close();
});

test("a waiter of an ordered queue gets one event of each key", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path, true);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  await provider.queues.push([letter(1, "a"), letter(2), letter(3, "a"), letter(4)]);
  const taken = [...(await waiting)];
  if (taken.length < 3) taken.push(...(await lease(provider, 10)));
  assert.equal(
    bodies(taken).sort((a, b) => Number(a) - Number(b)),
    [1, 2, 4],
  );
  await provider.close();
});

test("the reader of an event by reference gets the stored body", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  const body = { n: 1 };
  await provider.queues.push([new Event("Letter", body, { queueName: "Letters", byReference: true })]);
  const [{ event }] = (await waiting) as [SqliteLease];
  assert.equal(event.getBody(), body);
  assert.is.not(event.getBody(), body);
  await provider.close();
});

test.run();
