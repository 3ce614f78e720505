/** Events read from their rows, by another process or when they are no longer cached. */
import * as assert from "uvu/assert";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { eventOf } from "../../../src/provider-kit/event-row.ts";
import { RecentEvents } from "../../../providers/sqlite/queues/recent-events.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { assertReadable } from "../../../src/events/unreadable.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: rows of events");

const name = QueueName.parse("Letters");
const queueName = name.toString();
const letter = (body: unknown): Event => new Event("Letter", body, { queueName });

async function lease({ queues }: SqliteProvider, max = 10): Promise<readonly SqliteLease[]> {
  return queues.lease(name, { max, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal });
}

test("events of every kind survive the way to another process", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  try {
    await here.queues.ensure([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
    const all = {
      queueName,
      id: "an id",
      timestamp: new Date(1_000),
      enqueueTime: new Date(2_000),
      url: "https://example.com/1",
      properties: { text: "a", number: 1.5, truth: false },
      correlationId: "what ties",
      causationId: "what led here",
      partitionKey: "k",
      delivery: "log",
    } as const;
    const events = [
      letter({ plain: true }),
      new Event("Letter", { rich: "é\u{1F41D}" }, all),
      new Event("Letter", undefined, { queueName }),
      new Event("Letter", "a\0b", { queueName, contentType: "text/plain" }),
      new Event("Letter", new Uint8Array([0, 255]), { queueName, contentType: "application/x-bytes" }),
    ];
    await here.queues.push(events);
    const leased = await lease(there);
    assert.equal(
      leased.map(({ event }) => event.toRecord()),
      events.map((event) => event.toRecord()),
    );
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test("a message that another process replaced is read anew", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  try {
    await here.queues.ensure([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
    await here.queues.push([letter("from here")]);
    const [taken] = (await lease(there)) as [SqliteLease];
    await there.queues.commit(taken, [letter("from there")]);
    assert.equal(
      (await lease(here)).map(({ event }) => event.getBody()),
      ["from there"],
    );
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test("a rolled-back event is not delivered from its reused row", async () => {
  using file = sqliteFile();
  const here = new SqliteProvider({ file: file.path });
  const there = new SqliteProvider({ file: file.path });
  try {
    await here.queues.ensure([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
    await here.queues.push([letter("input")]);
    const [stale] = (await lease(here)) as [SqliteLease];
    await there.queues.abandon(stale, { delayMs: 0, countAttempt: false });
    // Leasing flushes the rows of the group. The lost lease is detected after that, and rolls the group back.
    const [refused, [again]] = await Promise.all([
      here.queues.commit(stale, [letter("never")]).catch((error: unknown) => error),
      lease(here, 1),
    ]);
    assert.ok(isBeeHiveError(refused, "LeaseLost"));
    assert.is(again?.event.getBody(), "input");
    await there.queues.push([letter("later")]);
    const bodies = (await lease(here)).map(({ event }) => event.getBody());
    assert.equal(bodies, ["later"]);
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
});

test("a row with invalid text reports why it cannot be read", () => {
  const row = { event: '{"id":"1","eventType":"Letter","timestamp":0,"partitionKey":"a\\u0000b"}', body: "7" };
  const event = eventOf(row, queueName);
  assert.equal([event.id, event.partitionKey, event.getBody()], ["1", "a\\u0000b", 7]);
  assert.throws(() => assertReadable(event), /the partitionKey of an event must not hold NUL/);
});

test("the oldest cached events are dropped beyond the limit", () => {
  const events = new RecentEvents();
  const one = letter(1);
  for (let row = 1; row <= 20_000; row++) events.add(row, one);
  assert.is(events.take(1), undefined);
  assert.is(events.take(20_000), one);
  assert.is(events.take(20_000), undefined, "it is handed out once");
  const large = letter("x".repeat(250_000));
  for (let row = 30_001; row <= 30_200; row++) events.add(row, large);
  assert.is(events.take(30_001), undefined, "bytes count too");
});

test.run();
