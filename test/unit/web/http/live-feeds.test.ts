import { bodyOf, eventType, silentLogger, systemClock, type Event, type HiveLog, type QueueSpec } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { tampered } from "../../../../src/testing/contracts/hive/harness.ts";
import type { Browser } from "../../../../src/web/http/live/browser.ts";
import type { Positioned } from "../../../../src/web/http/live/feed.ts";
import { LogFeed } from "../../../../src/web/http/live/log-feed.ts";
import { SubscriberFeed } from "../../../../src/web/http/live/subscriber-feed.ts";
import { Subscription } from "../../../../src/web/http/live/subscription.ts";
import { Tenancy } from "../../../../src/web/http/live/tenancy.ts";
import { Topic } from "../../../../src/web/http/live/topic.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("feeds of live changes");

const PriceChanged = eventType("PriceChanged", bodyOf<{ amount: number }>());

const at = (position: number): Positioned => ({ position, event: event(position) });

function event(amount: number): Event {
  return PriceChanged.create({ amount });
}

/** A log of which the test says what is kept, and what a follower sees. */
function logOf(range: { first: number; next: number }) {
  const seen: ((found: Positioned | undefined) => void)[] = [];
  const waiting: Positioned[] = [];
  const log = {
    range: async () => ({ ...range }),
    async *read({ from, limit }: { from: number; limit: number }) {
      for (let n = Math.max(from, range.first); n < Math.min(range.next, from + limit); n++) yield at(n);
    },
    async *follow({ signal }: { signal: AbortSignal }) {
      signal.addEventListener("abort", () => seen.shift()?.(undefined));
      while (!signal.aborted) {
        const found = waiting.shift() ?? (await new Promise<Positioned | undefined>((resolve) => seen.push(resolve)));
        if (found) yield found;
      }
    },
  } as unknown as HiveLog;
  const show = (found: Positioned): void => {
    const next = seen.shift();
    if (next) next(found);
    else waiting.push(found);
  };
  return { log, show };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
};

test("events that were removed before they were read are told", async () => {
  const range = { first: 0, next: 2 };
  const { log, show } = logOf(range);
  const told: (number | "restarted")[] = [];
  const listener = { take: ({ position }: Positioned) => told.push(position), restarted: () => told.push("restarted") };
  const feed = new LogFeed(log, listener, systemClock, silentLogger);
  await feed.ready();
  Object.assign(range, { next: 5 });
  show(at(2));
  await turns();
  // Of a compacted topic an event in between is gone, and a newer one of its key is kept.
  show(at(4));
  await turns();
  Object.assign(range, { first: 9, next: 10 });
  show(at(9));
  await turns();
  assert.equal(told, [2, 4, "restarted", 9]);
  await feed.close();
});

test("a feed reads nothing from where events were removed", async () => {
  const { log } = logOf({ first: 3, next: 6 });
  const feed = new LogFeed(log, { take() {}, restarted() {} }, systemClock, silentLogger);
  assert.is(await feed.read(2, 10), undefined);
  assert.equal(
    (await feed.read(3, 10))?.map(({ position }) => position),
    [3, 4, 5],
  );
});

test("a change that was read ahead of the feed is shown once", async () => {
  const range = { first: 0, next: 1 };
  const { log, show } = logOf(range);
  const topic = new Topic(async (listener) => new LogFeed(log, listener, systemClock, silentLogger));
  topic.types.set("PriceChanged", PriceChanged);
  await topic.ready();
  range.next = 2; // The feed has not seen it yet.
  const sent: string[] = [];
  const browser: Browser = {
    limits: { maxBuffered: 1_000, maxSubscriptions: 1, maxMessage: 1_000, maxBehind: 10 },
    may: () => true,
    masked: ({ body }) => body,
    send: (message) => void sent.push(message),
    drained: async () => {},
    warn() {},
    fail: (error) => {
      throw error;
    },
    tooSlow() {},
  };
  const subscription = new Subscription(1, { topic, type: "PriceChanged" }, {}, browser);
  await subscription.start("log:0");
  for (const position of [1, 2]) show(at(position));
  await turns();
  const amounts = sent.flatMap((message) => /"amount":(\d)/.exec(message)?.[1] ?? []);
  assert.equal(amounts, ["0", "1", "2"]);
  subscription.end();
  await topic.close();
});

/** A provider in memory whose subscriptions cannot be made at first, and a feed on it. */
function subscriberScene(failures: number) {
  let left = failures;
  const clock = new ManualClock();
  const memory = new MemoryProvider({ clock });
  const ensure = async (specs: readonly QueueSpec[]): Promise<void> => {
    if (left-- > 0) throw new Error("no right to make a subscription");
    await memory.queues.ensure(specs);
  };
  const provider = tampered(memory, { ensure });
  const tenancy = new Tenancy(provider, clock, silentLogger);
  const feedOf = (topic: string): SubscriberFeed =>
    new SubscriberFeed(
      QueueName.topic(topic),
      { take() {}, restarted() {} },
      { provider, tenancy, clock, logger: silentLogger },
    );
  const notes = async (): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    for await (const { id, beat } of memory.stores.collection<{ id: string; beat: number }>("LiveSubscriptions").all())
      found.set(id, beat);
    return found;
  };
  return { clock, feedOf, notes };
}

test("attempts to make a subscription leave one note", async () => {
  const { feedOf, notes } = subscriberScene(5);
  const feed = feedOf("PriceChanged");
  for (let n = 0; n < 5; n++) await feed.ready().catch(() => {});
  await feed.ready();
  assert.is((await notes()).size, 1);
  await feed.close();
  assert.is((await notes()).size, 0);
});

test("a subscription is kept alive while others come and go", async () => {
  const { clock, feedOf, notes } = subscriberScene(0);
  const feed = feedOf("PriceChanged");
  await feed.ready();
  const [[id = "", beat = 0] = []] = await notes();
  for (let n = 0; n < 4; n++) {
    await clock.advance(30_000);
    const other = feedOf(`StockChanged${n}`);
    await other.ready();
    await other.close();
  }
  assert.ok(((await notes()).get(id) ?? 0) > beat, "it was noted again");
  await feed.close();
});

test.run();
