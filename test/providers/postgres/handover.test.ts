/** Messages that are published as leased, for polls of the process that publishes them. */
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { losingPool } from "../../support/losing-pool.ts";
import { noPostgres, postgresSchema } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: hand-over", { skip: noPostgres });

const schema = postgresSchema();
const pool = losingPool();
const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off", poll: "1m" });
const { queues } = provider;
const leaseMs = 60_000;
const names = { input: QueueName.parse("Input"), output: QueueName.parse("Output") };

test.before(() =>
  queues.ensure(Object.values(names).map((name) => ({ name, ordered: false, leaseMs, maxAttempts: 3 }))),
);
test.after(async () => {
  await provider.close();
  await pool.end();
  await schema.drop();
});

const claims = (): number => pool.statements.filter((text) => text.includes("take_1")).length;
const event = (queueName: string, body: unknown): Event => new Event("Something", body, { queueName });

/** Begins to poll; resolves once the poll has looked and waits. */
async function polling(
  max: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly poll: ReturnType<typeof queues.lease> }> {
  const poll = queues.lease(names.output, { max, leaseMs, waitMs: 5_000, signal });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { poll };
}

test("a pushed event reaches a waiting poll without a claim", async () => {
  const { poll } = await polling(5);
  const before = claims();
  await queues.push([event("Output", "pushed")]);
  const [lease] = await poll;
  assert.equal([lease?.event.getBody(), lease?.attempt, claims() - before], ["pushed", 1, 0]);
  assert.equal(await queues.renew(lease ? [lease] : [], leaseMs), [true]);
  if (lease) await queues.commit(lease, []);
});

test("an output takes the place of the event that its step ends", async () => {
  await queues.push([event("Input", "in")]);
  const signal = new AbortController().signal;
  const [input] = await queues.lease(names.input, { max: 1, leaseMs, waitMs: 2_000, signal });
  assert.ok(input);
  const { poll } = await polling(1);
  await queues.commit(input, [event("Output", 1)]);
  const [first] = await poll;
  assert.ok(first);
  // No poll waits, but one will come for the place of the first.
  const before = claims();
  await queues.commit(first, [event("Output", 2)]);
  const [second] = await queues.lease(names.output, { max: 1, leaseMs, waitMs: 2_000, signal });
  assert.equal([second?.event.getBody(), claims() - before], [2, 0]);
  if (second) await queues.commit(second, []);
});

test("what no poll comes for is given back, its attempt uncounted", async () => {
  const { poll } = await polling(1);
  await queues.push([event("Output", 1)]);
  const [first] = await poll;
  assert.ok(first);
  await queues.commit(first, [event("Output", 2)]);
  while ((await queues.counts(names.output)).ready < 1) await new Promise((resolve) => setTimeout(resolve, 20));
  const signal = new AbortController().signal;
  const [second] = await queues.lease(names.output, { max: 1, leaseMs, waitMs: 2_000, signal });
  assert.equal([second?.event.getBody(), second?.attempt], [2, 1]);
  if (second) await queues.commit(second, []);
});

test("a poll that ends as it is handed an event loses none", async () => {
  const end = new AbortController();
  const { poll } = await polling(1, end.signal);
  const pushed = queues.push([event("Output", "not lost")]);
  end.abort();
  const [lease] = await poll;
  await pushed;
  const signal = new AbortController().signal;
  const [found] = lease ? [lease] : await queues.lease(names.output, { max: 1, leaseMs, waitMs: 5_000, signal });
  assert.equal([found?.event.getBody(), found?.attempt], ["not lost", 1]);
  if (found) await queues.commit(found, []);
});

test("an event that is pushed while a poll looks is handed to it, too", async () => {
  const { poll } = await polling(1);
  // The poll has room for one of them.
  await queues.push([event("Output", 1), event("Output", 2)]);
  const [first] = await poll;
  const before = claims();
  const answer = pool.holdNext("take_1");
  const { signal } = new AbortController();
  const looking = queues.lease(names.output, { max: 5, leaseMs, waitMs: 5_000, signal });
  while (claims() === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await queues.push([event("Output", 3)]);
  answer();
  const found = await looking;
  assert.equal(
    [first, ...found].map((lease) => lease?.event.getBody()),
    [1, 2, 3],
  );
  assert.is(claims() - before, 1);
  for (const lease of [first, ...found]) if (lease) await queues.commit(lease, []);
});

test.run();
