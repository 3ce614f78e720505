/** Servers, databases, roles and schemas that do not fit. */
import * as assert from "uvu/assert";
import pg from "pg";
import { leastGrants } from "../../../providers/postgres/hosting/policy.ts";
import { PostgresProvider, type PostgresOptions, type PostgresPool } from "../../../providers/postgres/index.ts";
import type { BeeHiveError, ErrorCode } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noPostgres, postgresSchema, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";
import { startSilentProxy } from "../../support/silent-proxy.ts";

const test = suite("postgres: trouble", { timeoutMs: 30_000, skip: noPostgres });

const name = QueueName.parse("Letters");
const spec = { name, ordered: false, leaseMs: 60_000, maxAttempts: 3 };

/** Opens a provider and returns why it cannot be used. */
async function refusal(options: PostgresOptions): Promise<BeeHiveError> {
  const provider = new PostgresProvider(options);
  try {
    await provider.ready();
    return assert.unreachable("it was opened") as never;
  } catch (error) {
    return error as BeeHiveError;
  } finally {
    await provider.close();
  }
}

/** Returns the message of the error that a call returns or throws. */
async function messageOf(call: () => Promise<Error>): Promise<string> {
  return (await call().catch((error: unknown) => error as Error)).message;
}

async function assertRefused(options: PostgresOptions, code: ErrorCode, message: RegExp): Promise<void> {
  const error = await refusal(options);
  assert.is(error.code, code, error.message);
  assert.match(error.message, message);
}

/** A server that answers some questions as another product would. */
function pretending(answers: readonly (readonly [question: RegExp, row: object])[]): PostgresPool {
  return {
    async query({ text }: { readonly text: string }) {
      const [, row] = answers.find(([question]) => question.test(text)) ?? [];
      return { rows: row ? [row] : [] };
    },
    async end() {},
  };
}

function urlOf(changes: Partial<Pick<URL, "username" | "password" | "pathname" | "port">>, options = ""): string {
  const url = Object.assign(new URL(postgresUrl), changes);
  return `${url.href}${options}`;
}

const postgres18 = [/version\(\)/, { version: "PostgreSQL 18.4 on x86_64" }] as const;
const state = { number: 180_004, encoding: "UTF8", standby: false, there: false };

test("other products are named", async () => {
  for (const version of ["CockroachDB CCL v25.1", "PostgreSQL 11.2-YB-2.21", "PostgreSQL 8.0.2 on i686, Redshift 1.0"])
    await assertRefused(
      { pool: pretending([[/version\(\)/, { version }]]) },
      "InvalidConfiguration",
      /not PostgreSQL 14/,
    );
});

test("a server that is too old is named", async () => {
  const pool = pretending([postgres18, [/server_encoding/, { ...state, number: 130_012 }]]);
  await assertRefused({ pool }, "InvalidConfiguration", /PostgreSQL 13, and 14 is the oldest/);
});

test("a standby is named", async () => {
  const pool = pretending([postgres18, [/server_encoding/, { ...state, standby: true }]]);
  await assertRefused({ pool }, "Unavailable", /standby\. Name the primary/);
});

test("a database that is not UTF-8 is refused", async () => {
  const database = `latin_${Date.now().toString(36)}`;
  await query(`CREATE DATABASE ${database} ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'`);
  try {
    await assertRefused({ url: urlOf({ pathname: `/${database}` }) }, "InvalidConfiguration", /encoded as LATIN1/);
  } finally {
    await query(`DROP DATABASE ${database} WITH (FORCE)`);
  }
});

test("a database that does not exist is named", () =>
  assertRefused({ url: urlOf({ pathname: "/nowhere" }) }, "Unavailable", /no such database/));

test("a server that does not run is told at once", async () => {
  const startedAt = Date.now();
  await assertRefused({ url: urlOf({ port: "9" }) }, "Unavailable", /does not answer\. Check host, port/);
  assert.ok(Date.now() - startedAt < 3_000);
});

test("a role that does not exist is refused", () =>
  assertRefused({ url: urlOf({ username: "stranger" }) }, "AccessDenied", /the user or the password was refused/));

test("no error shows a password", async () => {
  const { message } = await refusal({ url: urlOf({ username: "stranger", password: "hunter2" }) });
  assert.not.match(message, "hunter2");
});

for (const sign of ["/", "#", "?", "@", ":"])
  test(`no error shows a password with "${sign}"`, async () => {
    const url = `postgres://worker:hunter${sign}twelve@127.0.0.1:1/shop`;
    const shown = await messageOf(() => refusal({ url }));
    const ofConnection = await messageOf(() => refusal({ connection: { connectionString: url } }));
    assert.not.match(`${shown} ${ofConnection}`, /hunter|twelve/);
  });

test("a URL whose password is not encoded is refused with what to do", async () => {
  for (const sign of ["/", "#", "?"])
    assert.match(
      await messageOf(() => refusal({ url: `postgres://worker:hunter${sign}twelve@host/shop` })),
      /URL-encoded/,
    );
});

test("wrong options are all named", () => {
  const url = "postgres://host/db?schema=Big&durability=some&connections=0&what=1";
  let message = "";
  try {
    void new PostgresProvider({ url });
  } catch (error) {
    ({ message } = error as Error);
  }
  for (const part of ["schema must be", "durability must be", "connections must be", '"what" is not an option'])
    assert.match(message, part);
});

test("a schema of a later release is refused", async () => {
  const schema = postgresSchema();
  const provider = new PostgresProvider({ url: schema.url });
  await provider.ready();
  await provider.close();
  await query(`INSERT INTO ${schema.name}.migrations (version, oldest) VALUES (9, 9)`);
  await assertRefused(
    { url: schema.url },
    "InvalidConfiguration",
    /written by a later release: its schema has version 9/,
  );
  await schema.drop();
});

test("a later schema that suits this release is used", async () => {
  const schema = postgresSchema();
  const first = new PostgresProvider({ url: schema.url });
  await first.ready();
  await query(`INSERT INTO ${schema.name}.migrations (version, oldest) VALUES (9, 1)`);
  const second = new PostgresProvider({ url: schema.url });
  await second.queues.ensure([spec]);
  await second.queues.push([new Event("Letter", "through", { queueName: "Letters" })]);
  assert.is((await first.queues.counts(name)).ready, 1);
  await first.close();
  await second.close();
  await schema.drop();
});

test("many processes make a schema at once", async () => {
  const schema = postgresSchema();
  const providers = Array.from({ length: 6 }, () => new PostgresProvider({ url: schema.url }));
  await Promise.all(providers.map((provider) => provider.queues.ensure([spec])));
  assert.equal(await providers[0]?.queues.missing([spec]), []);
  for (const provider of providers) await provider.close();
  await schema.drop();
});

test("a role works with the printed rights, and is told of missing ones", async () => {
  const schema = postgresSchema();
  const role = `worker_${Date.now().toString(36)}`;
  await query(`CREATE ROLE ${role} LOGIN`);
  const url = new URL(schema.url);
  url.username = role;
  await assertRefused({ url: url.href }, "AccessDenied", /cannot be made by this role/);
  await assertRefused({ url: `${url.href}&setup=off` }, "InvalidConfiguration", /does not exist.*beehive setup/);

  const owner = new PostgresProvider({ url: schema.url });
  await owner.queues.ensure([spec]);
  await assertRefused({ url: `${url.href}&setup=off` }, "AccessDenied", /a right is missing\. `beehive policy`/);
  for (const grant of leastGrants({ schema: schema.name, role })) await query(grant);

  const worker = new PostgresProvider({ url: `${url.href}&setup=off` });
  const { queues, stores } = worker;
  await queues.push([new Event("Letter", "one", { queueName: "Letters" })]);
  const signal = new AbortController().signal;
  const request = { max: 1, leaseMs: 60_000, waitMs: 5_000, signal };
  const [lease] = await queues.lease(name, request);
  assert.ok(lease);
  assert.equal(await queues.renew([lease], 60_000), [true]);
  await queues.abandon(lease, { delayMs: 1, countAttempt: true });
  const [again] = await queues.lease(name, request);
  assert.ok(again);
  await stores.counters.increment("Letters", "all", 1);
  const origin = { event: again.event, actor: "A", subscription: "Letters", attempts: 2, firstSeen: new Date() };
  const letter = { ...origin, reason: "no", errorName: "E", errorMessage: "", stack: undefined, lastSeen: new Date() };
  await queues.deadLetter(again, letter);
  await queues.requeue(name, again.event.id);
  await queues.push([new Event("Letter", "two", { queueName: "Letters", cancelKey: "two" })]);
  assert.is(await queues.cancel({ key: "two" }), 1);
  await queues.push([new Event("Letter", "three", { queueName: "Letters" })]);
  const batch = await queues.lease(name, { ...request, max: 2 });
  assert.is(batch.length, 2);
  await worker.beginBatch(batch).commit(batch, [new Event("Letter", "four", { queueName: "Letters" })]);
  assert.is(await queues.purge(name), 1);
  assert.equal(await worker.warnings(), []);
  // Making queues needs --setup.
  await throwsCode("AccessDenied", () => queues.ensure([spec, { ...spec, name: QueueName.parse("Others") }]));
  for (const grant of leastGrants({ schema: schema.name, role, setup: true })) await query(grant);
  await queues.ensure([{ ...spec, name: QueueName.parse("Others") }]);
  await worker.close();
  await owner.close();

  const publisher = `publisher_${Date.now().toString(36)}`;
  await query(`CREATE ROLE ${publisher} LOGIN`);
  for (const grant of leastGrants({ schema: schema.name, role: publisher, publisher: true })) await query(grant);
  url.username = publisher;
  const publishing = new PostgresProvider({ url: `${url.href}&setup=off` });
  await publishing.queues.push([new Event("Letter", "published", { queueName: "Letters" })]);
  await publishing.close();
  await schema.drop();
  for (const one of [role, publisher]) await query(`DROP ROLE ${one}`);
});

test("a pool of the application is used, and stays open", async () => {
  const schema = postgresSchema();
  const pool = new pg.Pool({ connectionString: postgresUrl });
  const provider = new PostgresProvider({ pool, schema: schema.name });
  await provider.queues.ensure([spec]);
  await provider.queues.push([new Event("Letter", "one", { queueName: "Letters" })]);
  assert.is((await provider.queues.counts(name)).ready, 1);
  await provider.close();
  assert.is((await pool.query("SELECT 1 AS one")).rows.length, 1);
  await pool.end();
  await schema.drop();
});

test("a batch of duplicates takes no longer than one of new events", async () => {
  const schema = postgresSchema();
  const provider = new PostgresProvider({ url: schema.url, listen: "off" });
  await provider.queues.ensure([spec]);
  const letters = Array.from({ length: 20_000 }, (_, n) => new Event("Letter", n, { queueName: "Letters" }));
  const push = async (): Promise<number> => {
    const start = performance.now();
    await provider.queues.push(letters);
    return performance.now() - start;
  };
  const asNew = await push();
  const asDuplicates = Math.min(await push(), await push());
  assert.ok(asDuplicates < 2 * asNew + 500, `${asDuplicates} ms for duplicates, ${asNew} ms for new events`);
  await provider.close();
  await schema.drop();
});

test("a network that goes silent ends calls, and they go on after it", async () => {
  const schema = postgresSchema();
  await using proxy = await startSilentProxy(Number(new URL(postgresUrl).port));
  const url = new URL(schema.url);
  url.port = String(proxy.port);
  const provider = new PostgresProvider({ url: url.href, listen: "off" });
  await provider.queues.ensure([spec]);
  proxy.silent = true;
  const pushed = provider.queues.push([new Event("Letter", "late", { queueName: "Letters" })]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  proxy.silent = false;
  proxy.drop();
  await pushed;
  assert.is((await provider.queues.counts(name)).ready, 1);
  await provider.close();
  await schema.drop();
});

test.run();
