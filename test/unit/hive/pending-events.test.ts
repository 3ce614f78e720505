import * as assert from "uvu/assert";
import { PendingEvents } from "../../../src/hive/pending-events.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Stores } from "../../../src/contract/stores.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { Staff } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";

const test = suite("pending events");

test("a hive publishes what is pending as it starts, then in intervals", async () => {
  // Other files of this process may declare entities, too.
  const name = `Entities_${Staff.name}`;
  const looked: string[] = [];
  const stores = {
    async publishPending(collection: string): Promise<number> {
      if (collection !== name) return 0;
      looked.push(collection);
      if (looked.length === 2) throw new Error("the store is away");
      return 1;
    },
  } as unknown as Stores;
  const clock = new ManualClock();
  const pending = new PendingEvents(stores, clock, silentLogger);
  pending.start();
  await clock.advance(65_000);
  assert.equal(looked, [name, name, name]);
  await pending.stop();
  await clock.advance(120_000);
  assert.is(looked.length, 3);
});

test.run();
