/** The search for the best number of slots, in virtual time. */
import * as assert from "uvu/assert";
import type { Elastic } from "../../../../src/actors/elastic.ts";
import { Resizer } from "../../../../src/hive/pools/resizer.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the resizer");
const bounds: Elastic = { min: 2, max: 64 };

/** Returns numbers from 0 to 1 by a seed. */
function randomBy(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Returns when a job ends that starts `now` as one of `running`. */
type Load = (now: number, running: number) => number;
type Shape = (random: () => number) => Load;

/** Lengths that vary much: a mean of `ms`, a few four times as long. */
const varied = (ms: number, random: () => number): number => (-Math.log(1 - random()) * 0.8 + 0.2) * ms;

const shapes: Readonly<Record<string, Shape>> = {
  /** A remote service that bears any load. */
  "waits of equal length": (random) => (now) => now + varied(100, random),
  /** A database with eight connections: more work waits for them. */
  "eight connections": (random) => {
    const free = Array.from({ length: 8 }, () => 0);
    return (now) => {
      const next = free.indexOf(Math.min(...free));
      return (free[next] = Math.max(now, free[next] as number) + varied(40, random));
    };
  },
  /** A disk or a processor that does less the more it does at once. */
  "work that gets in its own way": (random) => (now, running) => now + varied(50 * (1 + (running / 20) ** 2), random),
};

interface Run {
  readonly perSecond: number;
  /** The mean time of a job, in ms. */
  readonly meanMs: number;
}

/** Runs jobs without an end, on as many slots as `sizeAt` says. Measures from `fromMs` to `untilMs`. */
function run(load: Load, sizeAt: (now: number, inFlight: number) => number, size: number): Run {
  const [fromMs, untilMs] = [60_000, 180_000];
  const running: { readonly start: number; readonly end: number }[] = [];
  let [now, slots, done, total] = [0, size, 0, 0];
  while (now < untilMs) {
    while (running.length < slots) {
      const job = { start: now, end: load(now, running.length + 1) };
      const place = running.findIndex(({ end }) => end > job.end);
      running.splice(place < 0 ? running.length : place, 0, job);
    }
    const first = running[0] as { readonly start: number; readonly end: number };
    now = first.end;
    if (now >= fromMs) {
      done++;
      total += now - first.start;
    }
    slots = sizeAt(now, running.length);
    running.shift();
  }
  return { perSecond: (done / (untilMs - fromMs)) * 1_000, meanMs: total / done };
}

function elastic(shape: Shape, seed: number): Run & { readonly resizer: Resizer } {
  const resizer = new Resizer(bounds);
  const sizeAt = (now: number, inFlight: number): number => resizer.ended({ now, inFlight, committed: true });
  return { ...run(shape(randomBy(seed)), sizeAt, resizer.size), resizer };
}

/** Returns the throughput of the best fixed number of slots. */
function best(shape: Shape, seed: number): number {
  const sizes = [2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64];
  return Math.max(...sizes.map((size) => run(shape(randomBy(seed)), () => size, size).perSecond));
}

for (const [name, shape] of Object.entries(shapes))
  test(`${name}: within 20% of the best fixed number`, () => {
    for (const seed of [1, 2, 3]) {
      const [found, possible] = [elastic(shape, seed).perSecond, best(shape, seed)];
      assert.ok(found >= 0.8 * possible, `seed ${seed}: ${found} a second, of ${possible}`);
    }
  });

test("slots that bring only waiting are not kept", () => {
  for (const seed of [1, 2, 3]) {
    const { meanMs } = elastic(shapes["eight connections"] as Shape, seed);
    assert.ok(meanMs < 3 * 40, `seed ${seed}: a job took ${meanMs} ms`);
  }
});

test("a service that becomes slower gets fewer slots", () => {
  const random = randomBy(1);
  const [fast, slow] = [20, 4].map((count) => Array.from({ length: count }, () => 0)) as [number[], number[]];
  let since = 0;
  const load: Load = (now) => {
    since = now;
    const free = now < 90_000 ? fast : slow;
    const next = free.indexOf(Math.min(...free));
    return (free[next] = Math.max(now, free[next] as number) + varied(40, random));
  };
  const resizer = new Resizer(bounds);
  let before = 0;
  run(
    load,
    (now, inFlight) => {
      const size = resizer.ended({ now, inFlight, committed: true });
      if (since < 90_000) before = size;
      return size;
    },
    resizer.size,
  );
  assert.ok(before >= 14, `${before} slots for twenty`);
  assert.ok(resizer.size <= 10, `${resizer.size} slots for four`);
});

test("failures are no throughput", () => {
  const random = randomBy(1);
  const resizer = new Resizer(bounds);
  // A service that refuses everything above ten calls at a time.
  const load: Load = (now) => now + varied(50, random);
  run(load, (now, inFlight) => resizer.ended({ now, inFlight, committed: inFlight <= 10 }), resizer.size);
  assert.ok(resizer.size <= 14, `${resizer.size} slots`);
});

test("slots that are not used are given back", () => {
  const { resizer } = elastic(shapes["waits of equal length"] as Shape, 1);
  assert.ok(resizer.size > 40);
  for (let n = 1; n <= 7; n++) resizer.rest(180_000 + n * 30_000);
  assert.is(resizer.size, bounds.min);
});

test("a trickle of events keeps the fewest slots", () => {
  const resizer = new Resizer(bounds);
  for (let n = 0; n < 1_000; n++) resizer.ended({ now: n * 100, inFlight: 1, committed: true });
  assert.is(resizer.size, bounds.min);
});

test.run();
