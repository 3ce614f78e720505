import { createHive, Event, silentLogger, type Hive } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { chance } from "../../../src/base/chance.ts";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { observe } from "../../../src/analysis/estimate/observe.ts";
import type { JournalEntry } from "../../../src/journal/journal.ts";
import { propose, workOf } from "../../../src/stages/propose.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the time limits that a proposal promises", { timeoutMs: 60_000 });

interface Traffic {
  readonly topic: string;
  readonly maxLag: number | undefined;
  /** Events in ms from the start, each with the duration of its turn. */
  readonly events: readonly { readonly at: number; readonly turnMs: number }[];
}

const seconds = 180;

/** Returns the events of twelve actors: some are quick and may not wait, some are slow. */
function trafficOf(seed: number): Traffic[] {
  let use = 0;
  const random = (): number => chance(seed, use++);
  return Array.from({ length: 12 }, (_, n) => {
    const maxLag = n < 4 ? 800 + Math.floor(random() * 2_000) : undefined;
    const longest = maxLag === undefined ? 20 + random() ** 3 * 4_000 : 5 + random() * 60;
    // An event of a time-sensitive actor comes when the one before it has been handled.
    const everyMs = maxLag ?? longest / (0.03 + random() * 0.12);
    const events: { readonly at: number; readonly turnMs: number }[] = [];
    for (let at = random() * everyMs; at < seconds * 1_000; at += everyMs * (1 + random()))
      events.push({ at: Math.floor(at), turnMs: Math.floor(longest * (0.5 + random() / 2)) });
    return { topic: `Topic${n}`, maxLag, events };
  });
}

async function* journalOf(traffic: readonly Traffic[]) {
  for (const { topic, events } of traffic)
    for (const { at, turnMs } of events)
      yield {
        eventId: `${topic} ${at}`,
        queueName: `${topic}-Work`,
        outcome: "committed",
        attempt: 1,
        timestamp: at,
        time: at + turnMs,
        durationMs: turnMs,
        outputs: [],
      } as unknown as JournalEntry;
}

/** The thread of a process: turns of its actors run one after the other. */
class Thread {
  #last: Promise<void> = Promise.resolve();

  run(clock: Clock, turnMs: number, began: () => void): Promise<void> {
    return (this.#last = this.#last.then(() => {
      began();
      return sleep(clock, turnMs);
    }));
  }
}

/** Runs the traffic on stages, each of one thread, in virtual time. Returns the longest lag of each topic. */
async function lagsOf(traffic: readonly Traffic[], stageOf: (topic: string) => string): Promise<Map<string, number>> {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const lags = new Map<string, number>();
  const hives: Hive[] = [];
  for (const stage of new Set(traffic.map(({ topic }) => stageOf(topic)))) {
    const thread = new Thread();
    const actors = traffic
      .filter(({ topic }) => stageOf(topic) === stage)
      .map(({ topic }) =>
        actor(
          `${topic}-Work`,
          (event) => {
            const { due, turnMs } = event.getBody<{ due: number; turnMs: number }>();
            const note = () => lags.set(topic, Math.max(lags.get(topic) ?? 0, clock.now() - due));
            return thread.run(clock, turnMs, () => void note());
          },
          { parallelism: 1 },
        ),
      );
    const hive = await createHive({ actors, provider, clock, logger: silentLogger, journal: false });
    await hive.start();
    hives.push(hive);
  }
  const start = clock.now();
  for (const { topic, events } of traffic)
    for (const { at, turnMs } of events)
      clock.after(at, () => void provider.queues.push([new Event(topic, { due: start + at, turnMs })]));
  await clock.advance(seconds * 1_000 + 60_000);
  for (const hive of hives) await hive.stop();
  return lags;
}

for (const seed of [1, 2, 3])
  test(`they hold under a seeded load, which breaks them on one stage (seed ${seed})`, async () => {
    const traffic = trafficOf(seed);
    const descriptors = (
      await createHive({
        actors: traffic.map(({ topic, maxLag }) => actor(`${topic}-Work`, () => [], maxLag ? { maxLag } : {})),
        logger: silentLogger,
      })
    ).descriptors;
    const observation = await observe({ read: () => journalOf(traffic) });
    const work = workOf(descriptors, observation, ({ queueName }) => queueName.topic);
    const { allotment, limits } = propose({ work, stages: ["one", "two", "three"] });
    const promised = limits.filter(({ state }) => state === "promised");
    assert.ok(promised.length >= 2, `${promised.length} promised`);
    const lags = await lagsOf(traffic, (topic) => allotment.get(topic) ?? "");
    for (const { key, maxLag } of promised) assert.ok((lags.get(key) ?? 0) <= maxLag, `${key}: ${lags.get(key)} ms`);
    const crowded = await lagsOf(traffic, () => "one");
    const broken = promised.filter(({ key, maxLag }) => (crowded.get(key) ?? 0) > maxLag);
    assert.ok(broken.length > 0, "the load is hard enough to break them");
  });

test.run();
