/** Topics that keep their events, in several processes and across kills. `BEEHIVE_LOG_EVENTS` sets the length of a log. */
import * as assert from "uvu/assert";
import pg from "pg";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { leastGrants } from "../../../providers/postgres/hosting/policy.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { KeepRule } from "../../../src/contract/topic-log.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { createHive } from "../../../src/hive/hive.ts";
import { forEver } from "../../../src/testing/contracts/topic-log/kept-topic.ts";
import { Worker } from "../../support/effects-process.ts";
import { products } from "../../support/log-worker.ts";
import { losingPool } from "../../support/losing-pool.ts";
import {
  inTransaction,
  noPostgres,
  postgresSchema,
  postgresUrl,
  query,
  type PostgresSchema,
} from "../../support/postgres-server.ts";
import {
  handleAll,
  killAt,
  publish,
  reader,
  readAll,
  replayed,
  startOver,
  topic,
  totalsOf,
} from "../../support/log-totals.ts";
import { suite } from "../../support/suite.ts";

const length = Number(process.env["BEEHIVE_LOG_EVENTS"] ?? 2_000);
const test = suite("postgres: log", { timeoutMs: 90_000 + length * 10, skip: noPostgres });

const common = { leaseMs: 60_000, maxAttempts: 10 };

async function keeping(
  { url }: PostgresSchema,
  rule: Partial<KeepRule> = {},
  ordered = true,
): Promise<PostgresProvider> {
  const provider = new PostgresProvider({ url });
  await provider.queues.ensure([
    { name: topic, ordered, ...common, keep: { ...forEver, ...rule } },
    { name: reader, ordered, ...common },
  ]);
  return provider;
}

test("a rebuild that is killed and started again gives the same totals", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema);
  await publish(provider, length);
  await handleAll(provider);
  const first = await totalsOf(provider);
  assert.is(
    first.reduce((sum, { events }) => sum + events, 0),
    length,
  );
  assert.is(first.length, products);
  await startOver(provider);
  for (let kill = 1; kill <= 3; kill++) {
    const victim = new Worker({ url: schema.url }, "log-worker.ts");
    await victim.said(`handled ${killAt(length)}`);
    await victim.kill();
    // A lease of a second attempt would run on until its end.
    await query(`UPDATE ${schema.name}.lines SET due = 0 WHERE lease IS NOT NULL`);
  }
  const { behind } = await provider.queues.log.position(reader);
  assert.ok(behind > 0 && behind < length, `${behind} events are behind`);
  await new Worker({ url: schema.url }, "log-worker.ts").done();
  assert.equal(await totalsOf(provider), first);
  await provider.close();
  await schema.drop();
});

test("a replay reads the log and the stores, and finds no difference", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema);
  await publish(provider, 200);
  await handleAll(provider);
  assert.equal(await replayed(provider), { events: 200, same: products, differences: [] });
  await provider.close();
  await schema.drop();
});

test("eight connections publish at once, and a reader skips nothing", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema, {}, false);
  const [publishers, pushes, size] = [8, 40, 5];
  const total = publishers * pushes * size;
  const publish = async (one: number): Promise<void> => {
    // A single publisher has the reader, and may hand over its events.
    const own = one === 0 ? provider : new PostgresProvider({ url: schema.url, connections: 2 });
    for (let n = 0; n < pushes; n++) {
      // Two transactions of one process are open at a time, too.
      const events = Array.from({ length: size }, (_, m) => new Event("Sale", `${one}-${n}-${m}`, to));
      await Promise.all(events.map((event) => own.queues.push([event])));
    }
    if (own !== provider) await own.close();
  };
  const to = { queueName: topic.toString() };
  const seen: number[] = [];
  const taken: unknown[] = [];
  let over = false;
  const { signal } = new AbortController();
  const reading = (async () => {
    while (seen.length < total && !over) {
      const some = await provider.queues.log.read(topic, { from: seen.length, limit: 50 });
      seen.push(...some.map(({ position }) => position));
      if (some.length === 0) await provider.queues.log.wait(topic, seen.length, 1_000, signal);
    }
  })();
  const taking = (async () => {
    while (taken.length < total && !over) {
      const leases = await provider.queues.lease(reader, { max: 20, leaseMs: 60_000, waitMs: 500, signal });
      taken.push(...leases.map(({ event }) => event.getBody()));
      await Promise.all(leases.map((lease) => provider.queues.commit(lease, [])));
    }
  })();
  await Promise.all(Array.from({ length: publishers }, (_, one) => publish(one)));
  const late = setTimeout(() => (over = true), 20_000);
  await Promise.all([reading, taking]);
  clearTimeout(late);
  assert.equal(
    seen,
    Array.from({ length: total }, (_, n) => n),
  );
  assert.equal([taken.length, new Set(taken).size], [total, total]);
  const times = (await readAll(provider)).map(({ published }) => published);
  assert.equal(
    times,
    times.toSorted((one, other) => one - other),
  );
  await provider.close();
  await schema.drop();
});

test("a transaction of an application holds up no publisher", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema, {}, false);
  await using web = await createHive({ provider: schema.url, publishes: ["Sale"], logger: silentLogger });
  await inTransaction(async (within) => {
    await web.push(new Event("Sale", "first begun"), { within });
    await web.push(new Event("Sale", "first there"));
    const { signal } = new AbortController();
    const [lease] = await provider.queues.lease(reader, { max: 5, leaseMs: 60_000, waitMs: 2_000, signal });
    assert.is(lease?.event.getBody(), "first there");
  });
  assert.equal(
    (await readAll(provider)).map(({ position, event }) => [position, event.getBody()]),
    [
      [0, "first there"],
      [1, "first begun"],
    ],
  );
  const { signal } = new AbortController();
  const [lease] = await provider.queues.lease(reader, { max: 5, leaseMs: 60_000, waitMs: 2_000, signal });
  assert.is(lease?.event.getBody(), "first begun");
  await provider.close();
  await schema.drop();
});

test("an event is stored once however many subscriptions read it", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema, {}, false);
  const others = ["Sale-A", "Sale-B"].map((name) => ({ name: QueueName.parse(name), ordered: false, ...common }));
  await provider.queues.ensure(others);
  await publish(provider, 10);
  const stored = await query<{ rows: number }>(
    `SELECT ((SELECT count(*) FROM ${schema.name}.log) + (SELECT count(*) FROM ${schema.name}.messages))::int AS rows`,
  );
  assert.is(stored[0]?.rows, 10);
  await provider.close();
  await schema.drop();
});

test("a published event reaches a waiting poll without a claim", async () => {
  const schema = postgresSchema();
  await (await keeping(schema, {}, false)).close();
  const pool = losingPool();
  const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off", poll: "1m" });
  const { queues } = provider;
  const { signal } = new AbortController();
  const poll = queues.lease(reader, { max: 5, leaseMs: 60_000, waitMs: 5_000, signal });
  while (!pool.answered.some((text) => text.includes("take_"))) await new Promise((resolve) => setTimeout(resolve, 50));
  const claims = (): number => pool.statements.filter((text) => text.includes("take_")).length;
  const before = claims();
  await queues.push([1, 2].map((body) => new Event("Sale", body, { queueName: "Sale-" })));
  const leases = await poll;
  assert.equal([leases.map(({ event }) => event.getBody()), claims() - before], [[1, 2], 0]);
  assert.equal(await queues.renew(leases, 60_000), [true, true]);
  await queues.abandon(leases[0] as (typeof leases)[0], { delayMs: 0, countAttempt: true });
  const [again] = await queues.lease(reader, { max: 5, leaseMs: 60_000, waitMs: 5_000, signal });
  assert.equal([again?.event.getBody(), again?.attempt, again?.replayed], [1, 2, undefined]);
  await Promise.all([again, leases[1]].map(async (lease) => lease && queues.commit(lease, [])));
  assert.equal(await queues.log.position(reader), { position: 2, behind: 0, oldest: undefined });
  await provider.close();
  await pool.end();
  await schema.drop();
});

test("a poll is handed nothing that would pass over an event", async () => {
  const schema = postgresSchema();
  await (await keeping(schema, {}, false)).close();
  const url = `${schema.url}&listen=off&poll=1m`;
  const [provider, other] = [new PostgresProvider({ url }), new PostgresProvider({ url })];
  const event = (body: unknown): Event => new Event("Sale", body, { queueName: "Sale-" });
  const { signal } = new AbortController();
  const request = { max: 5, leaseMs: 60_000, waitMs: 3_000, signal };
  // A poll that has looked, and waits for 50 ms at least before it looks again.
  await provider.queues.lease(reader, { ...request, waitMs: 0 });
  const poll = provider.queues.lease(reader, request);
  await other.queues.push([event("of another process")]);
  await provider.queues.push([event("of this one")]);
  const leases = await poll;
  if (leases.length < 2) leases.push(...(await provider.queues.lease(reader, request)));
  assert.equal(new Set(leases.map((lease) => lease.event.getBody())), new Set(["of another process", "of this one"]));
  assert.equal((await provider.queues.log.position(reader)).position, 2);
  await provider.close();
  await other.close();
  await schema.drop();
});

test("an event that is being handled outlives its row of the log", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema, { forMs: 1 }, false);
  await publish(provider, 1);
  const { signal } = new AbortController();
  const request = { max: 1, leaseMs: 60_000, waitMs: 0, signal };
  const [lease] = await provider.queues.lease(reader, request);
  assert.ok(lease);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await provider.queues.log.trim();
  assert.equal(await readAll(provider), []);
  await provider.queues.abandon(lease, { delayMs: 0, countAttempt: true });
  const [again] = await provider.queues.lease(reader, request);
  assert.equal([again?.attempt, again?.event.toRecord()], [2, lease.event.toRecord()]);
  await provider.close();
  await schema.drop();
});

test("a replayed event stays one when it is tried again later", async () => {
  const schema = postgresSchema();
  for (const ordered of [false, true]) {
    const provider = await keeping(schema, {}, ordered);
    await publish(provider, 1);
    await provider.queues.log.rewind(reader, "beginning", "drop");
    const { signal } = new AbortController();
    const request = { max: 1, leaseMs: 60_000, waitMs: 5_000, signal };
    const [lease] = await provider.queues.lease(reader, request);
    assert.ok(lease);
    await provider.queues.abandon(lease, { delayMs: 50, countAttempt: true });
    const [again] = await provider.queues.lease(reader, request);
    assert.equal([again?.attempt, again?.replayed], [2, { position: 0, rewind: 1, outputs: "drop" }]);
    await provider.queues.delete(topic);
    const rows = await query<{ n: number }>(
      `SELECT ((SELECT count(*) FROM ${schema.name}.log) + (SELECT count(*) FROM ${schema.name}.kept_topics)
        + (SELECT count(*) FROM ${schema.name}.readers))::int AS n`,
    );
    assert.is(rows[0]?.n, 0);
    await provider.close();
  }
  await schema.drop();
});

test("old events go by themselves", async () => {
  const schema = postgresSchema();
  const provider = await keeping(schema, { forMs: 1, evenUnread: true }, false);
  await publish(provider, 2_500);
  for (let tries = 0; tries < 100; tries++) {
    const { first } = await provider.queues.log.range(topic);
    if (first === 2_500) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.equal(await provider.queues.log.range(topic), { first: 2_500, next: 2_500 });
  const rows = await query<{ bytes: string }>(`SELECT bytes FROM ${schema.name}.kept_topics`);
  assert.is(Number(rows[0]?.bytes), 0);
  await provider.close();
  await schema.drop();
});

test("the rights that the policy prints are enough", async () => {
  const schema = postgresSchema();
  await (await keeping(schema, {}, false)).close();
  const roles: string[] = [];
  const as = async (name: string, rights: object): Promise<PostgresProvider> => {
    const role = `${name}_${Date.now().toString(36)}`;
    roles.push(role);
    await query(`CREATE ROLE ${role} LOGIN`);
    for (const grant of leastGrants({ schema: schema.name, role, ...rights })) await query(grant);
    const url = new URL(`${schema.url}&setup=off`);
    url.username = role;
    return new PostgresProvider({ url: url.href });
  };
  const publisher = await as("publisher", { publisher: true });
  await publish(publisher, 2);
  const worker = await as("worker", {});
  const { queues } = worker;
  const { signal } = new AbortController();
  const request = { max: 2, leaseMs: 60_000, waitMs: 2_000, signal };
  assert.is((await queues.lease(reader, request)).length, 2);
  await queues.log.rewind(reader, "beginning", "publish");
  assert.is((await queues.lease(reader, request)).length, 2);
  assert.is((await queues.log.position(reader)).behind, 2);
  await queues.log.trim();
  assert.is((await readAll(worker)).length, 2);
  const setup = await as("owner", { setup: true });
  await setup.queues.ensure([{ name: QueueName.topic("Other"), ordered: false, ...common, keep: forEver }]);
  for (const one of [publisher, worker, setup]) await one.close();
  await schema.drop();
  for (const role of roles) await query(`DROP ROLE ${role}`);
});

test("a release without the log is refused once a topic is kept", async () => {
  const schema = postgresSchema();
  const oldest = async (): Promise<number | undefined> =>
    (await query<{ oldest: number }>(`SELECT max(oldest) AS oldest FROM ${schema.name}.migrations`))[0]?.oldest;
  const provider = new PostgresProvider({ url: schema.url });
  await provider.queues.ensure([{ name: QueueName.parse("Plain"), ordered: false, ...common }]);
  assert.is(await oldest(), 1);
  await (await keeping(schema)).close();
  assert.is(await oldest(), 2);
  await provider.close();
  await schema.drop();
});

test("a schema of the first release is migrated, and its events stay", async () => {
  const schema = postgresSchema();
  const [before, plain] = [new PostgresProvider({ url: schema.url }), QueueName.parse("Sale-Plain")];
  await before.queues.ensure([{ name: plain, ordered: false, ...common }]);
  await publish(before, 2);
  await before.close();
  for (const table of ["kept_topics", "log", "readers", "entering"]) await query(`DROP TABLE ${schema.name}.${table}`);
  for (const table of ["messages", "delayed", "line_messages"])
    await query(`DROP INDEX ${schema.name}.${table}_by_cancel_label`);
  await query(`UPDATE ${schema.name}.migrations SET version = 1`);
  const after = await keeping(schema, {}, false);
  await after.queues.push([new Event("Sale", "new", { queueName: "Sale-" })]);
  const { signal } = new AbortController();
  const leases = await after.queues.lease(plain, { max: 5, leaseMs: 60_000, waitMs: 2_000, signal });
  assert.is(leases.length, 3);
  assert.equal(await after.queues.log.range(topic), { first: 0, next: 1 });
  await after.close();
  await schema.drop();
});

test("functions of the first release still publish and lease", async () => {
  const schema = postgresSchema();
  const provider = new PostgresProvider({ url: schema.url });
  const name = QueueName.parse("Plain");
  await provider.queues.ensure([{ name, ordered: false, ...common }]);
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const empty = (count: number): string => Array.from({ length: count }, () => "'{}'").join(", ");
  await client.query(
    `SELECT * FROM ${schema.name}.commit_1((SELECT topology FROM ${schema.name}.hive), NULL, 0, ${empty(21)},
      '{0}', '{0}', (SELECT ARRAY[id] FROM ${schema.name}.subscriptions), '{NULL}', '{0}', '{NULL}', '{NULL}',
      ARRAY['{"id":"old","eventType":"Plain","timestamp":1}'], ARRAY['1'], '{NULL}')`,
  );
  const { signal } = new AbortController();
  const [lease] = await provider.queues.lease(name, { max: 1, leaseMs: 60_000, waitMs: 2_000, signal });
  assert.is(lease?.event.id, "old");
  await client.end();
  await provider.close();
  await schema.drop();
});

test.run();
