import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { StoredJournal } from "../../../src/journal/stored-journal.ts";
import { silentLogger, type Logger } from "../../../src/base/logger.ts";
import type { CollectionStore, Identified, IdRange, Stored, Stores } from "../../../src/contract/stores.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { all, entry } from "./entries.ts";

const test = suite("StoredJournal");
const day = 24 * 60 * 60 * 1000;

/** A journal on the stores of a provider in memory, with its segments. */
function setup({
  entries = 1_000,
  ageMs = 100 * 365 * day,
  clock = new ManualClock(),
  stores = storesOn(clock),
  logger = silentLogger,
} = {}) {
  const open = (): StoredJournal => new StoredJournal({ stores, clock, logger, entries, ageMs });
  const segments = async (): Promise<{ id: string; text: string; entries: number }[]> =>
    all(stores.collection<{ id: string; text: string; entries: number }>("HiveJournal").all());
  return { clock, open, segments, journal: open() };
}

function storesOn(clock: ManualClock): Stores {
  return new MemoryProvider({ clock }).stores;
}

/** The stores with another way to write into collections. */
function writing(stores: Stores, upsert: () => Promise<void>): Stores {
  return {
    ...stores,
    counters: stores.counters,
    collection<T extends Identified>(name: string): CollectionStore<T> {
      const inner = stores.collection<T>(name);
      return {
        ...inner,
        upsert: async (item) => {
          await upsert();
          return inner.upsert(item);
        },
        all: () => inner.all(),
        range: (bounds) => inner.range(bounds),
        delete: (item) => inner.delete(item),
      };
    },
  };
}

const idsOf = async (journal: StoredJournal, filter = {}): Promise<string[]> =>
  (await all(journal.read(filter))).map(({ eventId }) => eventId);

test("entries are written as one segment after 250 ms; idle writes nothing", async () => {
  const { clock, journal, segments } = setup();
  journal.append(entry({ eventId: "1" }));
  journal.append(entry({ eventId: "2" }));
  await clock.advance(249);
  assert.is((await segments()).length, 0);
  await clock.advance(1);
  assert.equal(
    (await segments()).map(({ entries }) => entries),
    [2],
  );
  assert.is(clock.pending, 0, "a timer runs though there is nothing to write");
});

test("a full segment is written at once, and no row is too long", async () => {
  const { clock, journal, segments } = setup({ entries: 10_000 });
  for (let n = 0; n < 2_000; n++) journal.append(entry({ eventId: `${n}`.padStart(128, "0") }));
  await clock.advance(0);
  const written = await segments();
  assert.ok(written.length >= 2, `there are ${written.length} segments`);
  for (const segment of written) {
    const { length } = JSON.stringify(segment);
    assert.ok(length < 131_072, `a segment has ${length} characters`);
  }
});

test("unwritten entries are readable, newest first", async () => {
  const { clock, journal } = setup();
  for (let n = 1; n <= 300; n++) {
    journal.append(entry({ eventId: String(n), time: n, correlationId: "x".repeat(200) }));
    if (n % 100 === 0) await clock.advance(250);
  }
  journal.append(entry({ eventId: "301", time: 301 }));
  assert.equal(
    await idsOf(journal),
    Array.from({ length: 301 }, (_, n) => String(301 - n)),
  );
  assert.equal(await idsOf(journal, { since: 10, until: 12 }), ["11", "10"]);
  assert.equal(await idsOf(journal, { since: 301 }), ["301"]);
});

test("an attempt with very many outputs is spread over several entries", async () => {
  const { journal, segments } = setup();
  const outputs = Array.from({ length: 1_000 }, (_, n) => ({
    id: `${n}`.padStart(128, "0"),
    eventType: "Item",
    destination: "Item-",
    dueAt: undefined,
  }));
  journal.append(entry({ outcome: "committed", actor: "SplitActor", outputs }));
  const read = (await all(journal.read())).reverse();
  assert.equal(
    read.flatMap((one) => one.outputs),
    outputs,
  );
  for (const segment of await segments()) assert.ok(JSON.stringify(segment).length < 131_072);
});

test("the oldest entries beyond the maximum are removed", async () => {
  const { clock, journal, segments } = setup({ entries: 100 });
  for (let n = 1; n <= 400; n++) {
    journal.append(entry({ eventId: String(n), time: clock.now() }));
    if (n % 10 === 0) await clock.advance(250);
  }
  const kept = (await segments()).reduce((sum, { entries }) => sum + entries, 0);
  assert.ok(kept >= 90 && kept <= 130, `${kept} entries are kept`);
  assert.is((await idsOf(journal))[0], "400");
});

test("one segment above the maximum keeps the newest entries", async () => {
  const { journal } = setup({ entries: 100 });
  for (let n = 1; n <= 700; n++) journal.append(entry({ eventId: String(n), correlationId: "x".repeat(20) }));
  await all(journal.read());
  await journal.prune();
  const ids = await idsOf(journal);
  assert.is(ids[0], "700");
  assert.ok(ids.length >= 100 && ids.length < 700, `${ids.length} entries are kept`);
});

test("processes that write little remove the oldest entries too", async () => {
  const { clock, open, segments } = setup({ entries: 100 });
  for (let n = 1; n <= 80; n++) {
    const journal = open();
    for (let m = 0; m < 5; m++) journal.append(entry({ eventId: `${n}-${m}`, time: clock.now() }));
    await journal.close();
    await clock.advance(10);
  }
  const kept = (await segments()).reduce((sum, { entries }) => sum + entries, 0);
  assert.ok(kept <= 130, `${kept} entries are kept`);
});

test("the first write of a process removes entries beyond the age", async () => {
  const { clock, open } = setup({ ageMs: day });
  const before = open();
  before.append(entry({ eventId: "old", time: clock.now() }));
  await clock.advance(day / 2);
  before.append(entry({ eventId: "young", time: clock.now() }));
  await clock.advance(day / 2 + 1_000);
  const journal = open();
  journal.append(entry({ eventId: "new", time: clock.now() }));
  await clock.advance(250);
  assert.equal(await idsOf(journal), ["new", "young"]);
});

test("a failing store never throws; losses are logged once a minute", async () => {
  const warnings: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields) };
  const clock = new ManualClock();
  let down = true;
  const stores = writing(storesOn(clock), async () => {
    if (down) throw new BeeHiveError("Unavailable", "gone fishing");
  });
  const { journal } = setup({ clock, stores, logger });
  for (let n = 1; n <= 20; n++) {
    journal.append(entry({ eventId: String(n) }));
    await clock.advance(250);
  }
  assert.equal(warnings, [{ entries: 1, reason: "gone fishing" }]);
  await clock.advance(60_000);
  journal.append(entry({ eventId: "21" }));
  await clock.advance(250);
  assert.equal(warnings.slice(1), [{ entries: 20, reason: "gone fishing" }]);
  down = false;
  journal.append(entry({ eventId: "22" }));
  assert.equal(await idsOf(journal), ["22"]);
});

test("a stalled store bounds memory, and close takes at most 5 s", async () => {
  const warnings: { entries: number }[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields as { entries: number }) };
  const clock = new ManualClock();
  const stores = writing(storesOn(clock), () => new Promise(() => {}));
  const { journal } = setup({ clock, stores, logger });
  for (let n = 1; n <= 150; n++) {
    journal.append(entry({ eventId: String(n) }));
    await clock.advance(250);
  }
  assert.is(warnings.length, 1);
  const closing = journal.close();
  await clock.advance(5_000);
  await closing;
  assert.is(
    warnings.reduce((sum, { entries }) => sum + entries, 0),
    50,
  );
});

test("close writes the appended entries, and ignores later ones", async () => {
  const { journal, open, clock } = setup();
  journal.append(entry({ eventId: "1" }));
  await journal.close();
  journal.append(entry({ eventId: "2" }));
  assert.is(clock.pending, 0);
  assert.equal(await idsOf(open()), ["1"]);
});

test("reading a slow store waits only for entries appended before", async () => {
  const clock = new ManualClock();
  const stores = writing(storesOn(clock), () => new Promise((resolve) => clock.after(400, resolve)));
  const { journal } = setup({ clock, stores });
  let appended = 0;
  const append = (): void => {
    journal.append(entry({ eventId: String(++appended), time: clock.now() }));
    clock.after(100, append);
  };
  append();
  await clock.advance(1_000);
  let read: string[] = [];
  const reading = idsOf(journal).then((ids) => (read = ids));
  const before = appended;
  await clock.advance(500);
  assert.ok(read.includes(String(before)), `${before} is not among ${read.join(", ")}`);
  await reading;
});

test("a prune removes entries beyond the age", async () => {
  const { clock, journal } = setup({ ageMs: day });
  journal.append(entry({ eventId: "old", time: clock.now() }));
  await clock.advance(day);
  journal.append(entry({ eventId: "young", time: clock.now() }));
  assert.equal(await idsOf(journal), ["young", "old"]);
  await clock.advance(1_000);
  await journal.prune();
  assert.equal(await idsOf(journal), ["young"]);
});

test("reading recent entries reads at most one older segment", async () => {
  const clock = new ManualClock();
  const inner = storesOn(clock);
  let walked = 0;
  const collection = <T extends Identified>(name: string): CollectionStore<T> => {
    const segments = inner.collection<T>(name);
    return Object.assign(Object.create(segments) as CollectionStore<T>, {
      upsert: segments.upsert.bind(segments),
      range: segments.range.bind(segments),
      async *all() {
        for await (const segment of segments.all()) {
          walked++;
          yield segment;
        }
      },
    });
  };
  const { journal } = setup({ clock, stores: { ...inner, counters: inner.counters, collection } });
  for (let n = 1; n <= 10; n++) {
    journal.append(entry({ eventId: String(n), time: clock.now() }));
    await clock.advance(1_000);
  }
  assert.equal(await idsOf(journal, { since: clock.now() - 2_000 }), ["10", "9"]);
  assert.is(walked, 3);
});

test("each entry is counted once across processes", async () => {
  const clock = new ManualClock();
  const stores = storesOn(clock);
  const { open } = setup({ clock, stores, entries: 40 });
  for (let process = 0; process < 3; process++) {
    const journal = open();
    for (let n = 0; n < 20; n++) {
      journal.append(entry({ time: clock.now() }));
      await clock.advance(250);
    }
    await journal.close();
  }
  assert.is(await stores.counters.get("HiveJournal", "entries"), 60);
});

test("a running journal removes the oldest entries, and reads no others", async () => {
  const clock = new ManualClock();
  const inner = storesOn(clock);
  let walked = 0;
  const collection = <T extends Identified>(name: string): CollectionStore<T> => {
    const segments = inner.collection<T>(name);
    const counted = async function* (items: AsyncIterable<Stored<T>>): AsyncGenerator<Stored<T>, void, undefined> {
      for await (const item of items) {
        walked++;
        yield item;
      }
    };
    return Object.assign(Object.create(segments) as CollectionStore<T>, {
      upsert: segments.upsert.bind(segments),
      delete: segments.delete.bind(segments),
      range: (bounds: IdRange) => counted(segments.range(bounds)),
      all: () => counted(segments.all()),
    });
  };
  const { journal, segments } = setup({
    clock,
    stores: { ...inner, counters: inner.counters, collection },
    entries: 100,
  });
  const appendMany = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      journal.append(entry({ time: clock.now() }));
      await clock.advance(250);
    }
  };
  await appendMany(200);
  walked = 0;
  await appendMany(100);
  assert.is(walked, 100, "each removed entry is read once");
  const kept = (await segments()).length;
  assert.ok(kept >= 90 && kept <= 130, `${kept} entries are kept`);
});

test("two processes that prune together do not disturb each other", async () => {
  const { clock, open, journal, segments } = setup({ ageMs: day });
  for (let n = 0; n < 5; n++) {
    journal.append(entry({ time: clock.now() }));
    await clock.advance(250);
  }
  await clock.advance(2 * day);
  await Promise.all([journal.prune(), open().prune()]);
  assert.equal(await segments(), []);
});

test("a store without counters still takes entries, and nothing throws", async () => {
  const clock = new ManualClock();
  const inner = storesOn(clock);
  const increment = (): Promise<never> => Promise.reject(new BeeHiveError("Unavailable", "gone fishing"));
  const counters = { get: inner.counters.get.bind(inner.counters), increment };
  const collection = inner.collection.bind(inner);
  const { journal } = setup({ clock, stores: { ...inner, collection, counters }, entries: 4 });
  for (let n = 1; n <= 3; n++) {
    journal.append(entry({ eventId: String(n), time: clock.now() }));
    await clock.advance(250);
  }
  assert.equal(await idsOf(journal), ["3", "2", "1"]);
  await journal.close();
});

test.run();
