/** The log as an archive, on the stores of memory and a broker that is a list for each queue. */
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/base/logger.ts";
import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { Event, QueueName, type KeepRule } from "../../../src/index.ts";
import {
  ArchivedLog,
  originIn,
  originText,
  replayedBy,
  type EventCopy,
} from "../../../src/provider-kit/archive/index.ts";
import { segmentOf } from "../../../src/provider-kit/archive/segment.ts";
import { Segments } from "../../../src/provider-kit/archive/segments.ts";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("an archive as the log");
const topic = QueueName.topic("Sale");
const subscription = QueueName.parse("Sale-Totals");
const minutes = 60_000;
const rule: KeepRule = { forMs: Infinity, maxBytes: Infinity, compact: false, evenUnread: false };

class SettableClock implements Clock {
  time = 1_800_000_000_000;

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): ReturnType<Clock["after"]> {
    return systemClock.after(Math.min(ms, 20), callback);
  }
}

/** A log over queues that tests fill. */
function scene(): Scene {
  const clock = new SettableClock();
  const { stores } = new MemoryProvider();
  const blobs = new MemoryProvider({ clock }).stores.keyValue("BeeHiveLog");
  const waiting = new Map<string, EventCopy[]>();
  const sent: EventCopy[] = [];
  const result: Scene = {
    clock,
    blobs,
    waiting,
    sent,
    segments: () => new Segments(topic, blobs, clock),
    afterSend: () => {},
    another: () =>
      new ArchivedLog({
        stores: {
          collection: (name) => stores.collection(name),
          keyedList: (name) => stores.keyedList(name),
          keyValue: () => blobs,
          counters: stores.counters,
          locks: stores.locks,
        },
        clock,
        logger: silentLogger,
        delayMs: 0,
        send: async (to, copies) => {
          waiting.set(String(to), [...(waiting.get(String(to)) ?? []), ...copies]);
          if (!copies.some(({ origin }) => origin)) return;
          sent.push(...copies);
          result.afterSend();
        },
        queues: {
          missing: async () => [],
          counts: async (name) => ({ ready: waiting.get(String(name))?.length ?? 0, leased: 0, delayed: 0, dead: 0 }),
          lease: async (name, { max, leaseMs, waitMs, signal }) => {
            const found = waiting.get(String(name))?.splice(0, max) ?? [];
            if (found.length === 0 && waitMs > 0)
              await new Promise<void>((resolve) => {
                const timer = setTimeout(resolve, 5);
                signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
              });
            const now = clock.now();
            return found.map(({ event, origin }) => ({
              event,
              queueName: name,
              attempt: 1,
              firstSeen: now,
              expiresAt: now + leaseMs,
              replayed: replayedBy(origin),
            }));
          },
          commit: async () => {},
        },
      }),
  };
  return result;
}

interface Scene {
  readonly clock: SettableClock;
  readonly blobs: ReturnType<MemoryProvider["stores"]["keyValue"]>;
  /** Copies by queue. */
  readonly waiting: Map<string, EventCopy[]>;
  /** Copies of the past that were sent. */
  readonly sent: EventCopy[];
  readonly segments: () => Segments;
  afterSend: () => void;
  readonly another: () => ArchivedLog;
}

let time = 1_790_000_000_000;
const sale = (body: unknown, options: object = {}): Event =>
  new Event("Sale", body, { queueName: "Sale-", timestamp: new Date(time++), ...options });

function publish({ waiting }: Scene, ...events: readonly Event[]): void {
  for (const queue of ["Sale-BeeHiveLog", String(subscription)])
    waiting.set(queue, [
      ...(waiting.get(queue) ?? []),
      ...events.map((event) => ({ event, id: event.id, origin: undefined })),
    ]);
}

async function bodies(segments: Segments): Promise<unknown[]> {
  return (await segments.read(0, 10_000)).map(({ event }) => event.getBody());
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("texts, bytes and properties come back as they were", async () => {
  const { segments } = scene();
  const events = [
    sale({ a: "ü\n\u2028" }, { properties: { source: "x", n: 1 }, partitionKey: "k", correlationId: "c" }),
    sale(new Uint8Array([0, 255, 10]), { contentType: "application/octet-stream" }),
    sale(undefined),
  ];
  await segments().append(events);
  const read = await segments().read(0, 10);
  assert.equal(
    read.map(({ event }) => event.toRecord()),
    events.map((event) => event.toRecord()),
  );
});

test("two writers at once write each position once", async () => {
  const { segments } = scene();
  const writers = [segments(), segments(), segments()];
  await Promise.all(
    writers.map(async (writer, one) => {
      for (let n = 0; n < 10; n++) await writer.append([sale(`${one}-${n}-a`), sale(`${one}-${n}-b`)]);
    }),
  );
  const read = await segments().read(0, 100);
  assert.equal(
    read.map(({ position }) => position),
    Array.from({ length: 60 }, (_, n) => n),
  );
  assert.is(new Set(read.map(({ event }) => event.getBody())).size, 60);
});

test("an event that is delivered again is kept once", async () => {
  const { segments } = scene();
  const event = sale(1);
  const first = segments();
  await first.append([event]);
  assert.is(await first.append([event]), 0);
  assert.is(await segments().append([event, sale(2)]), 1);
  assert.equal(await bodies(segments()), [1, 2]);
});

test("events are sorted by their timestamps, and time never runs back", async () => {
  const { segments, clock } = scene();
  const late = sale("late", { timestamp: new Date(clock.time + 10 * minutes) });
  await segments().append([late, sale("b"), sale("c")]);
  await segments().append([sale("old", { timestamp: new Date(0) })]);
  const read = await segments().read(0, 10);
  assert.equal(
    read.map(({ event }) => event.getBody()),
    ["b", "c", "late", "old"],
  );
  const times = read.map(({ published }) => published);
  assert.equal(
    times,
    times.toSorted((one, other) => one - other),
  );
  assert.is(times.at(-1), clock.time, "no event is from the future");
});

test("a writer that stood still writes no position twice", async () => {
  const { segments, clock, blobs } = scene();
  await segments().append([sale(0)]);
  let stood = false;
  const insert: typeof blobs.insert = async (...given) => {
    if (stood) return await blobs.insert(...given);
    stood = true;
    // Meanwhile another writes, and its segments are merged into the one before.
    const other = segments();
    await other.append([sale(1)]);
    const [first, second] = await other.all();
    assert.ok(first && second);
    await other.rewrite(first, 2, await other.read(0, 10));
    await other.remove(second);
    await other.append([sale(2)]);
    clock.time += 20 * minutes;
    return await blobs.insert(...given);
  };
  const still = new Proxy(blobs, {
    get(target, name) {
      if (name === "insert") return insert;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  await new Segments(topic, still, clock).append([sale("x")]);
  const read = await segments().read(0, 10);
  assert.equal(
    read.map(({ position, event }) => [position, event.getBody()]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, "x"],
    ],
  );
});

test("small old segments are merged, and read on", async () => {
  const { segments, clock, blobs, another } = scene();
  const log = another();
  await log.ensure([{ name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: rule }], async () => {});
  const writer = segments();
  for (let n = 0; n < 12; n++) await writer.append([sale(n)]);
  const reader = segments();
  await reader.read(0, 3);
  const count = async (): Promise<number> => {
    let found = 0;
    for await (const blob of blobs.list("Sale/")) found += segmentOf(blob) ? 1 : 0;
    return found;
  };
  clock.time += 9 * minutes;
  await log.trim();
  assert.is(await count(), 12, "a writer may still believe in one of them");
  clock.time += 2 * minutes;
  await log.trim();
  assert.is(await count(), 2, "all but the last are one");
  const all = Array.from({ length: 12 }, (_, n) => n);
  assert.equal(await bodies(segments()), all);
  assert.equal(await bodies(reader), all, "also by a reader that knew the old ones");
  await writer.append([sale(12)]);
  assert.equal(await segments().range(), { first: 0, next: 13 });
});

test("a merge that was interrupted shows no event twice", async () => {
  const { segments } = scene();
  const writer = segments();
  for (let n = 0; n < 3; n++) await writer.append([sale(n)]);
  const [first] = await writer.all();
  assert.ok(first);
  await writer.rewrite(first, 2, (await writer.read(0, 10)).slice(0, 2));
  assert.equal(await bodies(segments()), [0, 1, 2]);
});

test("a topic whose events all went goes on at its position", async () => {
  const { segments, clock, another } = scene();
  const log = another();
  const spec = { name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: { ...rule, forMs: minutes } };
  await log.ensure([spec], async () => {});
  for (let n = 0; n < 3; n++) await segments().append([sale(n)]);
  clock.time += 365 * 24 * 60 * minutes;
  await log.trim();
  assert.equal(await log.range(topic), { first: 3, next: 3 });
  await segments().append([sale(3)]);
  assert.equal(await log.range(topic), { first: 3, next: 4 });
});

test("a compaction waits until half of the events are new", async () => {
  const { segments, another } = scene();
  const log = another();
  const spec = { name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: { ...rule, compact: true } };
  await log.ensure([spec], async () => {});
  const add = (body: string, partitionKey: string): Promise<number> =>
    segments().append([sale(body, { partitionKey })]);
  for (const key of ["a", "b", "c", "a"]) await add(`${key}1`, key);
  await log.trim();
  assert.equal(await bodies(segments()), ["b1", "c1", "a1"]);
  await add("a2", "a");
  await log.trim();
  assert.equal(await bodies(segments()), ["b1", "c1", "a1", "a2"], "a quarter is new");
  await add("b2", "b");
  await add("c2", "c");
  await log.trim();
  assert.equal(await bodies(segments()), ["a2", "b2", "c2"]);
});

test("a rewind archives what waits, then sends it once", async () => {
  const place = scene();
  const log = place.another();
  await log.ensure([{ name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: rule }], async () => {});
  const old = [sale(0), sale(1)];
  await place.segments().append(old);
  publish(place, sale(2));
  // Not archived, and not even on its way there: only the subscription has it.
  place.waiting.get(String(subscription))?.push({ event: sale(3), id: "3", origin: undefined });
  place.waiting.get(String(subscription))?.push({ event: old[1] as Event, id: "1", origin: undefined });
  await log.rewind(subscription, 1, "drop");
  assert.equal(place.waiting.get(String(subscription)), []);
  const ending = new AbortController();
  const archiving = log.archive([topic], ending.signal);
  await until(() => place.sent.length === 3);
  ending.abort();
  await archiving;
  assert.equal(
    place.sent.map(({ event, origin }) => [event.getBody(), origin]),
    [1, 2, 3].map((n) => [n, { position: n, rewind: 1, outputs: "drop" }]),
  );
});

test("a rewind that crashed goes on, and repeats under the same ids", async () => {
  const place = scene();
  const log = place.another();
  await log.ensure([{ name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: rule }], async () => {});
  await place.segments().append(Array.from({ length: 1_200 }, (_, n) => sale(n)));
  await log.rewind(subscription, "beginning", "publish");
  let pages = 0;
  place.afterSend = () => {
    if (++pages === 2) throw new Error("the process ends before it notes what it sent");
  };
  const ending = new AbortController();
  const archiving = log.archive([topic], ending.signal);
  await until(() => pages === 2);
  ending.abort();
  await archiving;
  assert.is(place.sent.length, 1_000);
  const next = new AbortController();
  const again = place.another().archive([topic], next.signal);
  await until(() => place.sent.length >= 1_700);
  next.abort();
  await again;
  assert.is(place.sent.length, 1_700, "the page is sent again");
  assert.is(new Set(place.sent.map(({ id }) => id)).size, 1_200);
});

test("a rewind is cut off by the process that archives", async () => {
  const place = scene();
  const log = place.another();
  await log.ensure([{ name: topic, ordered: false, leaseMs: 1, maxAttempts: 1, keep: rule }], async () => {});
  const ending = new AbortController();
  const archiving = log.archive([topic], ending.signal);
  publish(place, sale(0), sale(1));
  await until(async () => (await log.range(topic)).next === 2);
  await place.another().rewind(subscription, "beginning", "drop");
  await until(() => place.sent.length === 2);
  ending.abort();
  await archiving;
  assert.is((await log.range(topic)).next, 2, "what wakes the archive is not kept");
});

test("the text of an origin comes back, and others are none", () => {
  for (const outputs of ["drop", "publish", null] as const) {
    const origin = { position: 12, rewind: 3, outputs };
    assert.equal(originIn(originText(origin)), origin);
  }
  for (const text of ["", "1 2", "1 2 other", "x 1 drop", undefined, 7, "1 2 drop "])
    assert.is(originIn(text), undefined);
  assert.is(replayedBy({ position: 1, rewind: 0, outputs: null }), undefined);
});

test.run();
