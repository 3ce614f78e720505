import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { ActorClass } from "../../../src/actors/actor.ts";
import { createHive, type Hive, type HiveOptions } from "../../../src/hive/hive.ts";
import { RejectEvent } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import type { JournalEntry } from "../../../src/journal/journal.ts";
import { fromCloudEvent } from "../../../src/events/cloud-events.ts";
import { MemoryJournal } from "../../../src/journal/memory-journal.ts";
import { observedEdges } from "../../../src/journal/observed-edges.ts";
import { journalOf } from "../../../src/journal/open-journal.ts";
import { branchesOf } from "../../../src/journal/trace/trace.ts";
import { StoredJournal } from "../../../src/journal/stored-journal.ts";
import { silentLogger, type Logger } from "../../../src/base/logger.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";
import { all, entry } from "./entries.ts";

const test = suite("the journal of a hive");

const orders: readonly ActorClass[] = [
  actor(
    "Accepted-Payment",
    (event) => [
      new Event("Paid", event.getBody()),
      new Event("Billed", 1, { queueName: "Bills", enqueueTime: new Date(4_000_000_000_000) }),
    ],
    { publishes: ["Bills-Bills"] },
  ),
  actor("Paid-Shipping", (event) => {
    throw new RejectEvent(`nobody lives there\n${JSON.stringify(event.getBody())}`);
  }),
];

const entriesOf = async (hive: Hive): Promise<JournalEntry[]> => (hive.journal ? all(hive.journal.read()) : []);
const accepted = (id: string): Event =>
  new Event("Accepted", { secret: "top" }, { id, correlationId: `c${id}`, partitionKey: `p${id}` });

test("the journal of a hive in memory holds pushes and attempts, no bodies", async () => {
  await using hive = await createHive({ actors: orders, logger: silentLogger });
  await hive.setup();
  await hive.push(accepted("1"));
  await hive.start();
  await hive.whenIdle();
  const entries = (await entriesOf(hive)).reverse();
  const paid = entries[1]?.outputs[0]?.id ?? "";
  const billed = entries[1]?.outputs[1]?.id ?? "";
  assert.equal(
    entries.map(({ time, timestamp, durationMs, ...rest }) => {
      assert.ok(time >= timestamp && durationMs >= 0);
      return rest;
    }),
    [
      {
        eventId: "1",
        eventType: "Accepted",
        queueName: "Accepted-",
        actor: undefined,
        attempt: 0,
        outcome: "pushed",
        dueAt: undefined,
        correlationId: "c1",
        causationId: undefined,
        subject: "p1",
        outputs: [],
        errorName: undefined,
        errorMessage: undefined,
      },
      {
        eventId: "1",
        eventType: "Accepted",
        queueName: "Accepted-Payment",
        actor: "TestActor",
        attempt: 1,
        outcome: "committed",
        dueAt: undefined,
        correlationId: "c1",
        causationId: undefined,
        subject: "p1",
        outputs: [
          { id: paid, eventType: "Paid", destination: "Paid-", dueAt: undefined },
          { id: billed, eventType: "Billed", destination: "Bills", dueAt: 4_000_000_000_000 },
        ],
        errorName: undefined,
        errorMessage: undefined,
      },
      {
        eventId: paid,
        eventType: "Paid",
        queueName: "Paid-Shipping",
        actor: "TestActor",
        attempt: 1,
        outcome: "dead-lettered",
        dueAt: undefined,
        correlationId: "c1",
        causationId: "1",
        subject: undefined,
        outputs: [],
        errorName: "Rejected",
        errorMessage: "nobody lives there",
      },
    ],
  );
  assert.not.match(JSON.stringify(entries), "top");
});

test("an entry holds how long its attempt took", async () => {
  const slow = actor("Slow-Actor", async () => {
    const until = performance.now() + 20;
    while (performance.now() < until) await new Promise(setImmediate);
  });
  await using hive = await createHive({ actors: slow, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("Slow"));
  await hive.whenIdle();
  const [last] = await entriesOf(hive);
  assert.ok(last && last.durationMs >= 20, `it says ${last?.durationMs} ms`);
});

test("a subject function that fails is logged once, and work goes on", async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => void warnings.push(message) };
  const journal = { subject: (event: Event) => event.getBody<{ orderId: string }>().orderId };
  await using hive = await createHive({ actors: actor("Placed-Actor", () => []), logger, journal });
  await hive.start();
  await hive.push([new Event("Placed", { orderId: "1042" }), new Event("Placed"), new Event("Placed")]);
  await hive.whenIdle();
  const entries = await entriesOf(hive);
  assert.equal(
    entries.map(({ subject }) => subject ?? "none").toSorted((one, other) => (one < other ? -1 : 1)),
    ["1042", "1042", "none", "none", "none", "none"],
  );
  assert.is(warnings.length, 1);
});

test("the journal in a file is readable from another process", async () => {
  using file = sqliteFile();
  {
    await using hive = await createHive({ actors: orders, logger: silentLogger, provider: `sqlite:${file.path}` });
    await hive.start();
    await hive.push([accepted("1"), accepted("2")]);
    await hive.whenIdle();
  }
  const provider = new SqliteProvider({ file: file.path });
  const edges = await observedEdges(journalOf(provider));
  assert.equal(
    edges.map(({ from, eventType, destination, count }) => `${from} ${eventType} ${destination} ${count}`).sort(),
    ["TestActor Billed Bills 2", "TestActor Paid Paid- 2", "undefined Accepted Accepted- 2"],
  );
  await provider.close();
});

test("memory: and sqlite: keep a journal by default; an option wins", async () => {
  using file = sqliteFile();
  const journalFor = async (options: Partial<HiveOptions>): Promise<unknown> => {
    await using hive = await createHive({ actors: orders, logger: silentLogger, ...options });
    return hive.journal?.constructor;
  };
  const cloud = Object.assign(Object.create(new MemoryProvider()), { name: "cloud" }) as MemoryProvider;
  assert.is(await journalFor({}), MemoryJournal);
  assert.is(await journalFor({ provider: `sqlite:${file.path}` }), StoredJournal);
  assert.is(await journalFor({ journal: false }), undefined);
  assert.is(await journalFor({ provider: cloud }), undefined);
  assert.is(await journalFor({ provider: cloud, journal: true }), StoredJournal);
});

test("every problem of the journal options is listed", async () => {
  const error = await throwsCode("InvalidConfiguration", () =>
    createHive({ actors: orders, journal: { entries: 5, age: 1 } }),
  );
  assert.match(error.message, "journal.entries must be a whole number from 100, not 5");
  assert.match(error.message, "journal.age must be a whole number of ms from 60,000, at most 100 years, not 1");
  const endless = await throwsCode("InvalidConfiguration", () =>
    createHive({ actors: orders, journal: { age: Infinity } }),
  );
  assert.match(endless.message, "not Infinity");
  const short = await throwsCode("InvalidConfiguration", () => createHive({ actors: orders, journal: { age: "59s" } }));
  assert.match(short.message, "not 59000");
  const hive = await createHive({ actors: orders, journal: { age: "30d" } });
  await hive.stop({ deadline: "1s" });
});

test("observed edges come busiest first", async () => {
  const journal = new MemoryJournal(100);
  for (const eventType of ["Seldom", "Often", "Often", "Often", "Now", "Now"])
    journal.append(entry({ eventType, queueName: `${eventType}-` }));
  assert.equal(
    (await observedEdges(journal)).map(({ eventType, count }) => [eventType, count]),
    [
      ["Often", 3],
      ["Now", 2],
      ["Seldom", 1],
    ],
  );
});

test("a numeric business id and an id with a line break are found", async () => {
  using file = sqliteFile();
  const failing = actor("Accepted-Failing", () => Promise.reject(new RejectEvent("no")));
  for (const provider of ["memory:", `sqlite:${file.path}`]) {
    const subject = (() => 5) as () => unknown as () => string;
    await using hive = await createHive({ actors: failing, provider, logger: silentLogger, journal: { subject } });
    await hive.start();
    await hive.push(
      fromCloudEvent({ specversion: "1.0", id: "a\nb", source: "/s", type: "Accepted", data: {} }, "Accepted-"),
    );
    await hive.whenIdle();
    for (const id of ["5", "a\nb"]) {
      const { roots } = await hive.trace(id);
      assert.equal(
        [...branchesOf(roots)].map(({ state }) => state),
        ["dead-lettered"],
        `${id} on ${provider}`,
      );
    }
  }
});

test("a business id that is no text is logged once, and stops nothing", async () => {
  using file = sqliteFile();
  for (const wrong of [() => Symbol("x"), () => Promise.reject(new Error("down")), () => ({})]) {
    const said: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void said.push(fields) };
    const subject = wrong as unknown as () => string;
    await using hive = await createHive({
      actors: orders,
      provider: `sqlite:${file.path}`,
      logger,
      journal: { subject },
    });
    await hive.setup();
    await hive.push([accepted(`${String(wrong)}1`), accepted(`${String(wrong)}2`)]);
    assert.is(said.length, 1);
  }
});

test.run();
