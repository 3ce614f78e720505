import * as assert from "uvu/assert";
import { MemoryRows } from "../../../providers/memory/stores/rows.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Identified } from "../../../src/contract/stores.ts";
import { Event } from "../../../src/events/event.ts";
import { Outbox, type OutboxRows, type RowCheck } from "../../../src/provider-kit/outbox.ts";
import { RowStores } from "../../../src/provider-kit/row-stores/index.ts";
import { holds, type RowChange, type RowConflict } from "../../../src/provider-kit/rows.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Outbox");

/** Rows in memory with the limits of a cloud. */
class CloudRows extends MemoryRows implements OutboxRows {
  readonly maxInTransaction = 5;

  async commit(changes: readonly RowChange[], checks: readonly RowCheck[]): Promise<RowConflict | undefined> {
    for (const { key, expect } of checks) {
      const found = (await this.head(key))?.etag;
      if (!holds(expect, found)) return { key, found };
    }
    return this.writeAtomically(changes);
  }
}

/** A process with an outbox on shared rows. Its pushes go to `pushed`, unless `push` is replaced. */
function processOn(rows: CloudRows, clock: ManualClock, pushed: Event[]) {
  const parts = {
    name: "cloud",
    rows,
    locks: new RowStores(rows, clock).locks,
    push: async (events: readonly Event[]): Promise<unknown> => pushed.push(...events),
    clock,
    logger: silentLogger,
  };
  const own = { dies: false };
  const outbox = new Outbox({ ...parts, push: (events) => (own.dies ? new Promise(() => {}) : parts.push(events)) });
  const write = (count = 1): Promise<void> =>
    outbox.transact<Identified, void>("Things", async (items, publish) => {
      for (let n = 0; n < count; n++) await items.upsert({ id: `${n}` });
      publish(new Event("Written", { count }, { id: "event-1", partitionKey: "key", correlationId: "order" }));
    });
  return { own, outbox, write };
}

test("events of a process that died are published by another, once old", async () => {
  const clock = new ManualClock();
  const rows = new CloudRows(clock);
  const pushed: Event[] = [];
  const [dying, other] = [processOn(rows, clock, pushed), processOn(rows, clock, pushed)];
  dying.own.dies = true;
  void dying.write();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(await other.outbox.publishPending("Things"), 0);
  await clock.advance(10_001);
  assert.is(await other.outbox.publishPending("Things"), 1);
  const [{ id, partitionKey, correlationId, queueName } = {} as Event] = pushed;
  assert.equal([id, partitionKey, correlationId, queueName], ["event-1", "key", "order", "Written-"]);
  assert.equal(pushed[0]?.getBody(), { count: 1 });
  assert.is(await other.outbox.publishPending("Things"), 0);
});

test("a transaction above the limit is refused with it, and changes nothing", async () => {
  const clock = new ManualClock();
  const rows = new CloudRows(clock);
  const pushed: Event[] = [];
  const { write } = processOn(rows, clock, pushed);
  // The event is a row, too.
  const { message } = await throwsCode("TooLarge", () => write(5));
  assert.match(message, /Things touches 6 rows, with indexes and events; cloud takes 5/);
  assert.equal([await rows.page({ table: "collection/Things", limit: 9 }), pushed], [[], []]);
  await write(4);
  assert.is(pushed.length, 1);
});

test("a published event leaves no row behind", async () => {
  const clock = new ManualClock();
  const rows = new CloudRows(clock);
  await processOn(rows, clock, []).write();
  assert.equal(
    (await rows.page({ table: "collection/Things", limit: 9 })).map(({ id }) => id),
    ["0"],
  );
});

test.run();
