import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { lockLeftMs } from "../../../providers/azure/queues/lock-time.ts";
import { sleep, systemClock, type Clock } from "../../../src/base/clock.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: a clock that is not the broker's", { timeoutMs: 60_000 });
let servers: AzureServers;
/** A lease long enough for a busy machine. */
const leaseMs = 5_000;
let names = 0;
const newName = (): string => `Clock${Date.now().toString(36)}n${++names}`;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
});
test.after(async () => {
  await servers[Symbol.asyncDispose]();
});

/** A clock that is wrong by a number of ms. */
class WrongClock implements Clock {
  readonly #byMs: number;

  constructor(byMs: number) {
    this.#byMs = byMs;
  }

  now(): number {
    return systemClock.now() + this.#byMs;
  }

  after(ms: number, callback: () => void): ReturnType<Clock["after"]> {
    return systemClock.after(ms, callback);
  }
}

async function withClock(byMs: number, ordered: boolean, work: (queue: ScratchQueue) => Promise<void>): Promise<void> {
  const provider = await AzureProvider.open({
    ...servers.options,
    minLock: 1_000,
    clock: new WrongClock(byMs),
  });
  const subject = { provider, clock: new ForgetfulClock(), newName, leaseMs };
  try {
    await work(await ScratchQueue.make(subject, { ordered, leaseMs }));
  } finally {
    await provider.close();
  }
}

for (const byMs of [-3_600_000, leaseMs - 100, 3_600_000])
  test(`an event can be worked on with a clock that is wrong by ${byMs} ms`, () =>
    withClock(byMs, false, async (queue) => {
      await queue.push("a");
      const lease = await queue.takeOne();
      await sleep(systemClock, 500);
      await queue.commit(lease);
    }));

test("the lock of a session is renewed in time with a clock that is behind", () =>
  withClock(-3_600_000, true, async (queue) => {
    await queue.push("a", { partitionKey: "k" });
    await queue.push("b", { partitionKey: "k" });
    const first = await queue.takeOne();
    await sleep(systemClock, leaseMs * 0.5);
    await queue.commit(first);
    const second = await queue.takeOne();
    await sleep(systemClock, leaseMs * 0.7);
    await queue.commit(second);
  }));

test("the rest of a lock comes from the broker where possible", () => {
  const left = (lockedUntil: number | undefined): number =>
    lockLeftMs({ now: 100_000, lockedUntil, leaseMs: 30_000, minMs: 5_000 });
  assert.is(left(120_000), 20_000);
  assert.is(left(102_500), 2_500);
  for (const impossible of [undefined, 0, 102_499, 200_000]) assert.is(left(impossible), 30_000);
});

test.run();
