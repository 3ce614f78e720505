/** Steps that share a transaction. */
import * as assert from "uvu/assert";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { GroupCommit } from "../../../providers/sqlite/file/group-commit.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("sqlite: group commit");

const name = QueueName.parse("Letters");
const letter = (body: unknown, id?: string): Event => new Event("Letter", body, { queueName: "Letters", id });

async function opened(file: string): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file });
  await provider.queues.ensure([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
  return provider;
}

async function lease({ queues }: SqliteProvider, max: number): Promise<readonly SqliteLease[]> {
  return queues.lease(name, { max, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal });
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof BeeHiveError ? error.code : String(error)),
  );

test("operations of one turn are one transaction", async () => {
  using file = sqliteFile();
  const client = new SqliteClient({ ...defaultConfig, file: file.path }, systemClock);
  const order: string[] = [];
  client.addHooks({ begun: () => order.push("begin"), committed: () => order.push("commit") });
  const answered = [1, 2, 3].map((n) =>
    client.write(() => order.push(`apply ${n}`)).then(() => order.push(`answer ${n}`)),
  );
  await Promise.all(answered);
  assert.equal(order, ["begin", "apply 1", "apply 2", "apply 3", "commit", "answer 1", "answer 2", "answer 3"]);
  client.close();
});

test("a refused operation leaves its group intact", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const codes = await Promise.all([
    codeOf(provider.queues.push([letter(1)])),
    codeOf(provider.queues.push([letter(2), new Event("Nobody", 3)])),
    codeOf(provider.stores.collection("Orders").get("none")),
    codeOf(provider.queues.push([letter(4)])),
  ]);
  assert.equal(codes, ["done", "QueueNotFound", "NotFound", "done"]);
  assert.is((await provider.queues.counts(name)).ready, 2);
  await provider.close();
});

test("a lease settled twice in one turn is settled once", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter(1), letter(2), letter(3)]);
  const [first, second, third] = (await lease(provider, 3)) as [SqliteLease, SqliteLease, SqliteLease];
  const { queues } = provider;
  const codes = await Promise.all([
    codeOf(queues.commit(second, [])),
    codeOf(queues.commit(first, [letter("once", "once")])),
    codeOf(queues.commit(first, [letter("twice", "twice")])),
    codeOf(queues.abandon(first, { delayMs: 0, countAttempt: true })),
    codeOf(queues.commit(third, [])),
  ]);
  assert.equal(codes, ["done", "done", "LeaseLost", "LeaseLost", "done"]);
  const left = await lease(provider, 10);
  assert.equal(
    left.map(({ event }) => event.getBody()),
    ["once"],
  );
  await queues.push([letter("twice", "twice")]);
  assert.is((await lease(provider, 10)).length, 1, "the id of a step that did not happen is not remembered");
  await provider.close();
});

test("two steps on one item in one turn collide", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push([letter(1), letter(2)]);
  const leases = await lease(provider, 2);
  const steps = leases.map((one) => provider.beginStep(one));
  for (const step of steps) await step.stores.counters.increment("Sold", "lamp", 1);
  const codes = await Promise.all(
    steps.map((step, index) => codeOf((async () => step.commit([letter(`after ${index}`)]))())),
  );
  assert.equal(codes, ["done", "ConcurrencyConflict"]);
  assert.is(await provider.stores.counters.get("Sold", "lamp"), 1);
  assert.equal(await provider.queues.counts(name), { ready: 1, leased: 1, delayed: 0, dead: 0 });
  await provider.close();
});

test("a stale lease loses to the holder in the same group", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const other = new SqliteProvider({ file: file.path });
  await provider.queues.push([letter(1)]);
  const [stale] = (await lease(provider, 1)) as [SqliteLease];
  await other.queues.abandon(stale, { delayMs: 0, countAttempt: false });
  const [held] = (await lease(other, 1)) as [SqliteLease];
  assert.equal(
    [await codeOf(provider.queues.commit(stale, [])), await codeOf(other.queues.commit(held, []))],
    ["LeaseLost", "done"],
  );
  await Promise.all([provider.close(), other.close()]);
});

test("a subscription that becomes ordered leases its keys in order", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const keyed = (body: number): Event => new Event("Letter", body, { queueName: "Letters", partitionKey: "k" });
  await provider.queues.push([keyed(1), keyed(2), keyed(3)]);
  await provider.queues.ensure([{ name, ordered: true, leaseMs: 30_000, maxAttempts: 3 }]);
  await provider.queues.push([keyed(4)]);
  const bodies: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const [only, ...more] = await lease(provider, 10);
    assert.ok(only && more.length === 0);
    bodies.push(only.event.getBody());
    await provider.queues.commit(only, []);
  }
  assert.equal(bodies, [1, 2, 3, 4]);
  await provider.close();
});

test("closing commits waiting operations", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const pushing = codeOf(provider.queues.push([letter(1)]));
  await provider.close();
  assert.is(await pushing, "done");
  assert.is(await codeOf(provider.queues.push([letter(2)])), "InvalidState");
  const again = await opened(file.path);
  assert.is((await again.queues.counts(name)).ready, 1);
  await again.close();
});

/** Makes groups on a driver whose BEGIN always fails. */
function stuckGroups(failure: Error) {
  const clock = new ManualClock();
  const tries = { count: 0 };
  const fail = (): never => {
    tries.count++;
    throw failure;
  };
  const statement = { run: fail, insert: fail, get: fail, all: fail };
  const driver = { name: "libsql", prepare: () => statement, text: String, exec() {}, close() {} } as const;
  const hooks = { begun() {}, flush() {}, committed() {}, rolledBack() {} };
  return { clock, tries, groups: new GroupCommit("hive.db", driver, clock, hooks) };
}

test("a group that cannot begin is refused at once", async () => {
  const { groups, tries } = stuckGroups(new Error("out of order"));
  const { message } = await throwsCode("Unavailable", () => groups.run(() => 1));
  assert.match(message, "out of order");
  assert.is(tries.count, 1);
});

test("the lock of another process is awaited for a limited time", async () => {
  const { clock, groups, tries } = stuckGroups(Object.assign(new Error("busy"), { code: "SQLITE_BUSY" }));
  let over = false;
  const refused = throwsCode("Unavailable", () => groups.run(() => 1)).finally(() => (over = true));
  await clock.advance(14_500);
  assert.is(over, false);
  assert.ok(tries.count > 100);
  await clock.advance(1_000);
  assert.match((await refused).message, "another process keeps it locked");
});

test("operations keep their order when the lock is lost between them", async () => {
  const clock = new ManualClock();
  let begun = 0;
  const run = (sql: string): number => {
    if (sql.startsWith("BEGIN") && ++begun === 3) throw Object.assign(new Error("busy"), { code: "SQLITE_BUSY" });
    return 0;
  };
  const prepare = (sql: string) => ({ run: () => run(sql), insert: () => 0, get: () => undefined, all: () => [] });
  const driver = { name: "libsql", prepare, text: String, exec() {}, close() {} } as const;
  const groups = new GroupCommit("hive.db", driver, clock, { begun() {}, flush() {}, committed() {}, rolledBack() {} });
  const committed: number[] = [];
  const work = [1, 2, 3].map((n) => groups.run(() => n).then(() => committed.push(n)));
  const faulty = groups.run(() => {
    throw new TypeError("faulty");
  });
  const refused = throwsCode("Unavailable", () => faulty);
  await clock.advance(1_000);
  await refused;
  await Promise.all(work);
  assert.equal(committed, [1, 2, 3]);
});

test.run();
