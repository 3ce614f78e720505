/**
 * A process that counts the cost of an event in memory, and prints it as JSON.
 *
 * Needs `--expose-gc`, and a young generation that never fills while it counts: the difference of the heap is then the
 * allocation.
 */
import { createHook } from "node:async_hooks";
import { PerformanceObserver } from "node:perf_hooks";
import { hops, sourceEvents, threeHops } from "../support/three-hops.ts";

export interface MemoryCost {
  readonly bytesAnEvent: number;
  readonly promisesAnEvent: number;
  readonly timersAnEvent: number;
  readonly bytesAWaitingEvent: number;
  /** Garbage collections while it counted; the bytes lack the memory that they freed. */
  readonly collections: number;
}

const warmUp = 1_000;
const counted = 2_000;
/** So many that the other memory of the process, which varies, does not count. */
const waitingEvents = 20_000;

let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] });

let delivered = 0;
let awaited = 0;
let allDelivered = (): void => {};
const hive = await threeHops("memory:", () => {
  if (++delivered === awaited) allDelivered();
});
await hive.start();
await work(warmUp);

const before = await collected();
await work(counted);
const bytes = process.memoryUsage().heapUsed - before;
await turn();
const collectionsWhileCounting = collections;

const made = { promises: 0, timers: 0 };
const hook = createHook({
  init(_id, type) {
    if (type === "PROMISE") made.promises++;
    if (type === "Timeout" || type === "Immediate") made.timers++;
  },
}).enable();
await work(counted);
hook.disable();
await hive.stop();

const idle = await threeHops("memory:");
const empty = await collected();
await idle.push(sourceEvents(waitingEvents));
const waiting = (await collected()) - empty;
await idle.stop();

const events = counted * hops;
const cost: MemoryCost = {
  bytesAnEvent: bytes / events,
  promisesAnEvent: made.promises / events,
  timersAnEvent: made.timers / events,
  bytesAWaitingEvent: waiting / waitingEvents,
  collections: collectionsWhileCounting,
};
console.log(JSON.stringify(cost));

/** Pushes one by one, as applications do, and waits for all without polling, which would count. */
async function work(count: number): Promise<void> {
  awaited = delivered + count * hops;
  const through = new Promise<void>((resolve) => (allDelivered = resolve));
  for (const event of sourceEvents(count)) await hive.push(event);
  await through;
}

/** Returns the heap after a garbage collection, and resets the count of collections. */
async function collected(): Promise<number> {
  globalThis.gc?.();
  await turn();
  globalThis.gc?.();
  await turn();
  collections = 0;
  return process.memoryUsage().heapUsed;
}

/** Waits for the turn in which observers are called. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
