/** A clock that was ahead and is put back, in a running process or before a restart. */
import * as assert from "uvu/assert";
import { availableDrivers } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { sleep, systemClock, type Clock } from "../../../src/base/clock.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: a clock that is put back", { timeoutMs: 30_000 });
const name = QueueName.parse("Letters");
const hour = 3_600_000;

interface MovableClock extends Clock {
  ahead: number;
}

function movableClock(ahead: number): MovableClock {
  return {
    ahead,
    now() {
      return systemClock.now() + this.ahead;
    },
    after: (ms, callback) => systemClock.after(ms, callback),
  };
}

function letter(id: string, enqueueTime?: Date, partitionKey?: string): Event {
  return new Event("Letter", id, { id, queueName: "Letters", enqueueTime, partitionKey });
}

function lease({ queues }: SqliteProvider, waitMs: number, leaseMs = 1_000): Promise<SqliteLease[]> {
  return queues.lease(name, { max: 10, leaseMs, waitMs, signal: new AbortController().signal });
}

async function opened(
  file: string,
  clock: Clock,
  driver: (typeof drivers)[number],
  ordered = false,
): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file, clock, driver });
  await provider.queues.ensure([{ name, ordered, leaseMs: 1_000, maxAttempts: 3 }]);
  return provider;
}

const drivers = availableDrivers();
const bodies = (leases: readonly SqliteLease[]): unknown[] => leases.map(({ event }) => event.getBody());

for (const driver of drivers) {
  for (const restarted of [false, true])
    test(`${driver}: retries and leases last as they were to${restarted ? ", after a restart" : ""}`, async () => {
      using file = sqliteFile();
      const clock = movableClock(hour);
      let provider = await opened(file.path, clock, driver);
      await provider.queues.push([letter("retried"), letter("forgotten")]);
      const retried = (await lease(provider, 0)).find(({ event }) => event.id === "retried") as SqliteLease;
      await provider.queues.abandon(retried, { delayMs: 600, countAttempt: true });
      await provider.queues.push([letter("timed", new Date(systemClock.now() + 300 * hour))]);
      if (restarted) await provider.close();
      const polling = restarted ? undefined : lease(provider, 10_000);
      await sleep(systemClock, 50);
      clock.ahead = 0;
      if (restarted) provider = await opened(file.path, clock, driver);
      const from = systemClock.now();
      const first = await (polling ?? lease(provider, 10_000));
      assert.ok(systemClock.now() - from >= 500, "no retry is early");
      const then = await lease(provider, 10_000);
      assert.equal([bodies(first), bodies(then)], [["retried"], ["forgotten"]]);
      assert.ok(systemClock.now() - from < 5_000, "nothing waits for the hour");
      assert.is((await provider.queues.counts(name)).delayed, 1, "what names its time waits for it");
      await provider.close();
    });

  for (const ordered of [false, true])
    test(`${driver}: new events are due at once${ordered ? ", in their order" : ""}`, async () => {
      using file = sqliteFile();
      const clock = movableClock(hour);
      const provider = await opened(file.path, clock, driver, ordered);
      const from = systemClock.now();
      const soon = new Date(from + hour / 2);
      await provider.queues.push([letter("pushed", undefined, "k"), letter("timed", soon), letter("given up")]);
      const leases = await lease(provider, 0);
      const givenUp = leases.find(({ event }) => event.id === "given up") as SqliteLease;
      await provider.queues.deadLetter(givenUp, letterFor(givenUp));
      for (const one of leases) {
        const { id, enqueueTime, partitionKey } = one.event;
        if (one !== givenUp) await provider.queues.commit(one, [letter(`of ${id}`, enqueueTime, partitionKey)]);
      }
      await provider.queues.requeue(name, "letter-1");
      clock.ahead = 0;
      await provider.queues.push([letter("next", undefined, "k")]);
      const found: unknown[] = [];
      while (found.length < 3 && systemClock.now() < from + 5_000) {
        for (const one of await lease(provider, 1_000)) {
          found.push(one.event.id);
          await provider.queues.commit(one, []);
        }
      }
      assert.equal(new Set(found), new Set(["given up", "next", "of pushed"]));
      if (ordered) assert.ok(found.indexOf("of pushed") < found.indexOf("next"));
      assert.is((await provider.queues.counts(name)).delayed, 1, "what names its time waits for it");
      await provider.close();
    });

  test(`${driver}: a lease that is renewed meanwhile stays`, async () => {
    using file = sqliteFile();
    const clock = movableClock(hour);
    const [here, there] = [await opened(file.path, clock, driver), await opened(file.path, clock, driver)];
    await here.queues.push([letter("kept")]);
    const [kept] = await lease(here, 0, 1_500);
    clock.ahead = 0;
    const looking = lease(there, 3_000);
    for (let times = 0; times < 5; times++) {
      await sleep(systemClock, 500);
      assert.equal(await here.queues.renew([kept as SqliteLease], 1_500), [true]);
    }
    await here.queues.commit(kept as SqliteLease, []);
    assert.equal(await looking, []);
    await Promise.all([here.close(), there.close()]);
  });

  test(`${driver}: a poll lasts no longer than it was to`, async () => {
    using file = sqliteFile();
    const clock = movableClock(hour);
    const provider = await opened(file.path, clock, driver);
    const polling = lease(provider, 500);
    clock.ahead = 0;
    const from = systemClock.now();
    assert.equal(await polling, []);
    assert.ok(systemClock.now() - from < 3_000);
    await provider.close();
  });

  test(`${driver}: a lock lasts as it was to`, async () => {
    using file = sqliteFile();
    const clock = movableClock(hour);
    const [here, there] = [await opened(file.path, clock, driver), await opened(file.path, clock, driver)];
    await here.stores.locks.tryLock("x", { ttl: 500 });
    // The holder does not renew the lease.
    await here.close();
    clock.ahead = 0;
    assert.is(await there.stores.locks.tryLock("x"), undefined);
    const from = systemClock.now();
    assert.ok(await there.stores.locks.tryLock("x", { wait: 10_000 }));
    const waited = systemClock.now() - from;
    assert.ok(waited >= 400 && waited < 3_000, `it waited for ${waited} ms`);
    await there.close();
  });
}

test.run();
