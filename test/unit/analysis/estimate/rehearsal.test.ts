import * as assert from "uvu/assert";
import { Agenda } from "../../../../src/analysis/estimate/agenda.ts";
import { rehearse } from "../../../../src/analysis/estimate/rehearsal.ts";
import type { Slots } from "../../../../src/analysis/estimate/slots.ts";
import type { Flow, Traffic } from "../../../../src/analysis/estimate/traffic.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the rehearsal of an estimate");
const calm = { times: 1, seconds: 0 };

interface Given {
  readonly rate: number;
  readonly holdMs: number;
  readonly slots: number;
  readonly attempts?: number;
  /** Events to the second queue. */
  readonly onward?: number;
}

/** Returns one queue, or two in a row. */
function scene(...stations: readonly Given[]): [Traffic, Slots[]] {
  const flows = stations.map(({ rate, attempts = 1, onward = 0 }, n): Flow => {
    const work = {
      durationMs: 0,
      whole: false,
      attempts,
      keys: Infinity,
      publishes: new Map(onward > 0 ? [[`Q${n + 1}`, onward] as const] : []),
      stores: new Map(),
      assumed: [],
    };
    const names = { queue: `Q${n}`, destination: `Q${n}`, actor: `A${n}` };
    return { ...names, ordered: false, parallelism: 10, retryMs: 1_000, work, rate };
  });
  const slots = stations.map(({ holdMs, slots: count, rate }, n): Slots => {
    const names = { queue: `Q${n}`, actor: `A${n}`, perKey: undefined, parallelism: 10 };
    return { ...names, rate, holdMs, busy: (rate * holdMs) / 1_000, slots: count };
  });
  const rate = flows.reduce((sum, flow) => sum + flow.rate, 0);
  return [{ flows, destinations: [], entries: new Map([["Q0", stations[0]?.rate ?? 0]]), rate }, slots];
}

/** Returns the mean wait in ms by Erlang's formula, for random arrivals and times. */
function erlangWait(rate: number, holdMs: number, slots: number): number {
  const load = (rate * holdMs) / 1_000;
  let blocked = 1;
  for (let n = 1; n <= slots; n++) blocked = (load * blocked) / (n + load * blocked);
  const waits = blocked / (1 - (load / slots) * (1 - blocked));
  return (waits * holdMs) / (slots - load);
}

function near(value: number, wanted: number, share: number): void {
  assert.ok(Math.abs(value - wanted) <= wanted * share, `${value} is not near ${wanted}`);
}

test("slots in use agree with Little's law, with retries and fan-out", () => {
  const [traffic, slots] = scene(
    { rate: 200, holdMs: 40, slots: 12, attempts: 1.25, onward: 1.5 },
    { rate: 300, holdMs: 30, slots: 14 },
  );
  const [first, second] = rehearse(traffic, slots, calm, 1).queues;
  near(first?.busy ?? 0, 200 * 1.25 * 0.04, 0.05);
  near(second?.busy ?? 0, 300 * 0.03, 0.05);
});

test("waits agree with Erlang's formula", () => {
  for (const [rate, holdMs, count] of [
    [100, 50, 7],
    [300, 20, 8],
  ] as const) {
    const [traffic, slots] = scene({ rate, holdMs, slots: count });
    // The mean of some seeds, because waits vary much more than slots in use.
    const waits = [1, 2, 3, 4, 5, 6].map((seed) => rehearse(traffic, slots, calm, seed).queues[0]?.waitMs ?? 0);
    near(waits.reduce((sum, wait) => sum + wait, 0) / waits.length, erlangWait(rate, holdMs, count), 0.15);
  }
});

test("a burst leaves behind what the slots cannot take", () => {
  const [traffic, slots] = scene({ rate: 100, holdMs: 50, slots: 8 });
  const [queue] = rehearse(traffic, slots, { times: 3, seconds: 10 }, 1).queues;
  const capacity = 8 / 0.05;
  near(queue?.behind ?? 0, (300 - capacity) * 10, 0.1);
  near(queue?.lateSeconds ?? 0, ((300 - capacity) * 10) / (capacity - 100), 0.2);
});

test("slots that are too few never catch up", () => {
  const [traffic, slots] = scene({ rate: 100, holdMs: 50, slots: 4 });
  assert.is(rehearse(traffic, slots, { times: 2, seconds: 1 }, 1).queues[0]?.lateSeconds, Infinity);
});

test("many events are rehearsed as a share of all", () => {
  const [traffic, slots] = scene({ rate: 100_000, holdMs: 50, slots: 7_000 });
  const { share, queues, deliveries } = rehearse(traffic, slots, calm, 1);
  assert.ok(share < 0.05 && deliveries < 200_000);
  near(queues[0]?.busy ?? 0, 5_000, 0.05);
});

test("a run depends on its seed alone", () => {
  const [traffic, slots] = scene({ rate: 100, holdMs: 50, slots: 8 });
  const run = (seed: number) => rehearse(traffic, slots, { times: 2, seconds: 5 }, seed);
  assert.equal(run(3), run(3));
  assert.not.equal(run(3), run(4));
});

test("the agenda gives back what was put in, by time", () => {
  const agenda = new Agenda();
  const times = Array.from({ length: 200 }, (_, n) => (n * 7_919) % 199);
  for (const at of times) agenda.add(at, () => {});
  const taken: number[] = [];
  for (let next = agenda.next(); next; next = agenda.next()) taken.push(next.at);
  assert.equal(
    taken,
    times.toSorted((a, b) => a - b),
  );
});

test.run();
