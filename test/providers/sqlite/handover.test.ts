/** Messages that are handed to who waits for them, leased, in the transaction that publishes them. */
import * as assert from "uvu/assert";
import { openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { countStatements } from "../../support/sqlite-statements.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: handover");

const name = QueueName.parse("Letters");
const letter = (body: unknown, partitionKey?: string): Event =>
  new Event("Letter", body, { queueName: "Letters", partitionKey });
const bodies = (leases: readonly Lease[]): unknown[] => leases.map(({ event }) => event.getBody());

async function opened(file: string, ordered = false): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file, driver: "libsql" });
  await provider.queues.ensure([{ name, ordered, leaseMs: 30_000, maxAttempts: 3 }]);
  return provider;
}

function lease(
  { queues }: SqliteProvider,
  max: number,
  { waitMs = 0, leaseMs = 30_000, signal = new AbortController().signal } = {},
): Promise<readonly Lease[]> {
  return queues.lease(name, { max, leaseMs, waitMs, signal });
}

/** The first lease of a process takes a lock, which says that it lives. */
async function leaseFirst(provider: SqliteProvider): Promise<void> {
  await provider.queues.push([letter("first")]);
  for (const one of await lease(provider, 1)) await provider.queues.commit(one, []);
}

test("given somebody who waits, when an event is pushed, then it is leased to them by the same transaction", async () => {
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

test("what is pushed and leased in one turn is leased by one transaction", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter(1)]);
  const [, leases] = await Promise.all([provider.queues.push([letter(2)]), lease(provider, 10)]);
  assert.equal(bodies(leases), [1, 2]);
  await provider.close();
});

test("who waits is woken for an event that is in line, and for one that is for later", async () => {
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
    await provider.queues.commit(one as Lease, []);
  }
  await provider.close();
});

test("given more events than somebody has room for, then the rest waits in line", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 2, { waitMs: 60_000 });
  await new Promise(setImmediate);
  await Promise.all([1, 2, 3, 4].map((n) => provider.queues.push([letter(n)])));
  assert.equal(bodies(await waiting), [1, 2]);
  assert.equal(bodies(await lease(provider, 10)), [3, 4]);
  await provider.close();
});

test("given an event in line, when more are pushed in its transaction, then none of them overtakes it", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter("first")]);
  const [first] = (await lease(provider, 1)) as [Lease];
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

test("given a transaction that is undone, then what it handed over is handed over once, by the next", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter("lost")]);
  const [lost] = (await lease(provider, 1)) as [Lease];
  const stranger = openDriver(file.path, "libsql");
  stranger.exec("UPDATE messages SET lease = lease + 1");
  stranger.close();
  const other = QueueName.parse("Other");
  await provider.queues.ensure([{ name: other, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  const [, , refused] = await Promise.all([
    provider.queues.push([letter("once")]),
    // Writes what was held back, so that the message is handed over before the transaction is undone.
    provider.queues.delete(other),
    provider.queues.commit(lost, [letter("never")]).catch((error: unknown) => error),
  ]);
  assert.is((refused as { code?: string }).code, "LeaseLost");
  assert.equal(bodies(await waiting), ["once"]);
  assert.is((await provider.queues.counts(name)).leased, 2, "that of somebody else, and the one handed over");
  await provider.close();
});

test("given somebody who gave up waiting, when an event is pushed, then it is there for the next", async () => {
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

test("given an event that was handed over, when its lease ends, then it comes back as the second attempt", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 10, { waitMs: 60_000, leaseMs: 200 });
  await new Promise(setImmediate);
  await provider.queues.push([letter(1)]);
  const [first] = (await waiting) as [Lease];
  const [second] = (await lease(provider, 10, { waitMs: 10_000 })) as [Lease];
  assert.equal([first.attempt, second.attempt], [1, 2]);
  assert.is(second.firstSeen, first.firstSeen);
  await provider.close();
});

test("given an ordered queue, when events of one key and events without a key are pushed, then who waits gets one of the key and all of the others", async () => {
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

test("given an event by reference, when it is handed over, then its reader gets what was written, not the object", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const waiting = lease(provider, 10, { waitMs: 60_000 });
  await new Promise(setImmediate);
  const body = { n: 1 };
  await provider.queues.push([new Event("Letter", body, { queueName: "Letters", byReference: true })]);
  const [{ event }] = (await waiting) as [Lease];
  assert.equal(event.getBody(), body);
  assert.is.not(event.getBody(), body);
  await provider.close();
});

test.run();
