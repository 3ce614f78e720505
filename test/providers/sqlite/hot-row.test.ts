/** Many steps on one row: they share transactions, and each still happens once or not at all. */
import * as assert from "uvu/assert";
import { availableDrivers } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { afterThisTurn } from "../../../src/base/clock.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { Step } from "../../../src/contract/provider.ts";
import { actorDescription, counterStore, createHive, Event, injects, silentLogger } from "../../../src/index.ts";
import type { CounterStore } from "../../../src/index.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { countStatements } from "../../support/sqlite-statements.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("sqlite: many steps on one row", { timeoutMs: 60_000 });
const name = QueueName.parse("Letters");
const letters = (count: number): Event[] =>
  Array.from({ length: count }, (_, n) => new Event("Letter", n, { queueName: "Letters" }));
/** An output that no queue takes: its commit is refused. */
const nobody = new Event("Nobody", 1);

interface Log {
  readonly id: string;
  readonly steps: readonly number[];
}

async function opened(file: string): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file });
  await provider.queues.ensure([{ name, ordered: false, leaseMs: 30_000, maxAttempts: 3 }]);
  return provider;
}

async function leased(provider: SqliteProvider, max: number): Promise<readonly SqliteLease[]> {
  const signal = new AbortController().signal;
  return provider.queues.lease(name, { max, leaseMs: 30_000, waitMs: 0, signal });
}

const turn = (): Promise<void> => new Promise((resolve) => afterThisTurn(resolve));
const increment = ({ stores }: Pick<Step, "stores">): Promise<number> => stores.counters.increment("Sold", "lamp", 1);
const sold = ({ stores }: SqliteProvider): Promise<number> => stores.counters.get("Sold", "lamp");

/** Runs one step that adds to the counter. Returns how it ended. */
async function sell(provider: SqliteProvider, lease: SqliteLease, outputs: readonly Event[] = []): Promise<string> {
  const step = provider.beginStep(lease);
  try {
    await increment(step);
    await step.commit(outputs);
    return "committed";
  } catch (error) {
    return isBeeHiveError(error) ? error.code : String(error);
  } finally {
    step.discard();
  }
}

for (const driver of availableDrivers()) {
  test(`${driver}: steps on one counter share transactions`, async () => {
    using counts = countStatements(driver);
    using file = sqliteFile();
    let runs = 0;
    @injects(counterStore)
    @actorDescription("Letters", { parallelism: 100 })
    class Seller {
      constructor(private readonly counters: CounterStore) {}

      async processAsync(): Promise<void> {
        runs++;
        await this.counters.increment("Sold", "lamp", 1);
      }
    }
    const provider = `sqlite:${file.path}?driver=${driver}`;
    await using hive = await createHive({ actors: [Seller], provider, logger: silentLogger, journal: false });
    await hive.setup();
    await hive.push(letters(300));
    counts.clear();
    await hive.start();
    await hive.whenIdle();
    assert.is(await sold(hive.provider as SqliteProvider), 300);
    assert.is(runs, 300);
    assert.ok(counts.transactions <= 30, `${counts.transactions} transactions`);
  });
}

test("each step reads what the one before it is about to commit", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push(letters(20));
  const ends = (await leased(provider, 20)).map((lease) => sell(provider, lease));
  await turn();
  assert.is(await sold(provider), 0, "nobody else reads what is not committed");
  assert.equal(new Set(await Promise.all(ends)), new Set(["committed"]));
  assert.is(await sold(provider), 20);
  await provider.close();
});

test("a step that read what is then undone is undone too", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push(letters(3));
  const [one, two, three] = (await leased(provider, 3)) as [SqliteLease, SqliteLease, SqliteLease];
  const ends = await Promise.all([sell(provider, one), sell(provider, two, [nobody]), sell(provider, three)]);
  assert.equal(ends, ["committed", "QueueNotFound", "ConcurrencyConflict"]);
  assert.is(await sold(provider), 1);
  assert.equal([await sell(provider, two), await sell(provider, three)], ["committed", "committed"]);
  assert.is(await sold(provider), 3);
  await provider.close();
});

test("a lost lease undoes only its own step and those that read it", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  const other = new SqliteProvider({ file: file.path });
  await provider.queues.push(letters(3));
  const [one, two, three] = (await leased(provider, 3)) as [SqliteLease, SqliteLease, SqliteLease];
  await other.queues.abandon(two, { delayMs: 0, countAttempt: false });
  const ends = await Promise.all([one, two, three].map((lease) => sell(provider, lease)));
  assert.equal(ends, ["committed", "LeaseLost", "ConcurrencyConflict"]);
  assert.is(await sold(provider), 1);
  await Promise.all([provider.close(), other.close()]);
});

test("no event is dead-lettered upon a change that is undone", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.queues.push(letters(2));
  const [one, two] = (await leased(provider, 2)) as [SqliteLease, SqliteLease];
  const refused = sell(provider, one, [nobody]);
  const step = provider.beginStep(two);
  assert.is(await step.stores.counters.get("Sold", "lamp"), 1);
  step.discard();
  const reason = { reason: "sold out", errorName: "Rejected", errorMessage: "", stack: undefined, actor: "" };
  const seen = { subscription: "Letters", attempts: 1, firstSeen: new Date(0), lastSeen: new Date(0) };
  const letter = { ...reason, ...seen, event: two.event };
  await throwsCode("ConcurrencyConflict", () => provider.queues.deadLetter(two, letter));
  assert.is(await refused, "QueueNotFound");
  assert.is((await provider.queues.counts(name)).dead, 0);
  await provider.close();
});

test("a page of rows shows what is about to be committed", async () => {
  using file = sqliteFile();
  const provider = await opened(file.path);
  await provider.stores.collection<Log>("Logs").insert({ id: "b", steps: [] });
  await provider.queues.push(letters(2));
  const [one, two] = (await leased(provider, 2)) as [SqliteLease, SqliteLease];
  const [first, second] = [provider.beginStep(one), provider.beginStep(two)];
  const logs = first.stores.collection<Log>("Logs");
  await logs.insert({ id: "a", steps: [1] });
  await logs.delete("b");
  const committed = first.commit([]);
  const ids: string[] = [];
  for await (const { id } of second.stores.collection<Log>("Logs").all()) ids.push(id);
  assert.equal(ids, ["a"]);
  await Promise.all([committed, second.commit([])]);
  await provider.close();
});

test("steps of two processes that collide and fail happen once each", async () => {
  using file = sqliteFile();
  const [here, there] = [await opened(file.path), await opened(file.path)];
  const count = 60;
  await here.queues.push(letters(2 * count));
  const work = async (provider: SqliteProvider, lease: SqliteLease): Promise<void> => {
    const n = lease.event.getBody<number>();
    // Some steps are slow, and the first commit of some is refused.
    for (let run = 0; ; run++) {
      const step = provider.beginStep(lease);
      try {
        const logs = step.stores.collection<Log>("Logs");
        const log = (await logs.find("log")) ?? { id: "log", steps: [] };
        if (n % 7 === 0) await turn();
        await logs.upsert({ ...log, steps: [...log.steps, n] });
        await increment(step);
        return await step.commit(n % 5 === 0 && run === 0 ? [nobody] : []);
      } catch (error) {
        if (!isBeeHiveError(error, "ConcurrencyConflict") && !isBeeHiveError(error, "QueueNotFound")) throw error;
      } finally {
        step.discard();
      }
      if (run % 3 === 2) await turn();
    }
  };
  const [own, others] = [await leased(here, count), await leased(there, count)];
  await Promise.all([...own.map((lease) => work(here, lease)), ...others.map((lease) => work(there, lease))]);
  assert.is(await sold(here), 2 * count);
  const { steps } = await there.stores.collection<Log>("Logs").get("log");
  assert.equal(
    steps.toSorted((one, other) => one - other),
    Array.from({ length: 2 * count }, (_, n) => n),
  );
  await Promise.all([here.close(), there.close()]);
});

test.run();
