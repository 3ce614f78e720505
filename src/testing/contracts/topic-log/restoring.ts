import assert from "node:assert/strict";
import { HiveLog } from "../../../hive/hive-log.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { bodiesOf, KeptTopic } from "./kept-topic.ts";

/** Backups of a topic. A provider without `restore` skips them. */
export const restoring: readonly ContractCase[] = [
  {
    name: "a restored topic has the ids, times and positions of the backup",
    async run(subject) {
      await using from = await KeptTopic.make(subject);
      await using to = await KeptTopic.make(subject);
      if (!to.log.restore) return;
      await from.push([0, { text: "ä\0" }, new Uint8Array([1, 2])], { partitionKey: "k", properties: { a: 1 } });
      await from.push([3]);
      const backup = await from.read();
      const moved = backup.map((kept) => ({
        ...kept,
        event: kept.event.clone({ id: kept.event.id, queueName: to.name.toString() }),
        published: kept.published - 60_000,
      }));
      const log = logOf(to);
      assert.deepEqual(await log.restore(loggedOf(moved)), { restored: 4, present: 0 });
      await to.has(4);
      assert.deepEqual(
        (await to.read()).map(({ event, ...place }) => [place, event.toRecord()]),
        moved.map(({ event, ...place }) => [place, event.toRecord()]),
      );
      assert.deepEqual(bodiesOf(await to.read(0, "k")).length, 3);
      const last = moved[3]?.published ?? 0;
      const places = await Promise.all([last - 59_000, last + 1].map((time) => to.log.positionAt(to.name, time)));
      assert.deepEqual(places, [0, 4]);
      assert.deepEqual(await log.restore(loggedOf(moved)), { restored: 0, present: 4 });
      await to.push([4]);
      assert.deepEqual(
        (await to.read(3)).map(({ position, event }) => [position, event.getBody()]),
        [
          [3, 3],
          [4, 4],
        ],
      );
    },
  },
  {
    name: "subscriptions get no restored event as new, and may go back to it",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      if (!topic.log.restore) return;
      const reader = await topic.subscribe("Reads", undefined, true);
      await topic.push([0]);
      await topic.drain(reader, 1);
      // Position 2 was compacted in the backup.
      await topic.log.restore(topic.name, keptOf(subject, topic, [1, 3]));
      await topic.has(3);
      assert.equal((await topic.log.position(reader)).behind, 0);
      await topic.push([4]);
      assert.deepEqual(await topic.drain(reader, 1), [4]);
      await topic.log.rewind(reader, "beginning", "drop");
      // An archive sends them bit by bit.
      if (!topic.log.archive) assert.equal((await topic.log.position(reader)).behind, 4);
      assert.deepEqual(topic.inOrder(await topic.drain(reader, 4)), [0, 1, 3, 4]);
      const late = await topic.subscribe("Late", "beginning");
      assert.deepEqual((await topic.drain(late, 4)).length, 4);
    },
  },
  {
    name: "a backup that does not follow what is there is refused",
    // Only where subscriptions read the log itself, they could get what is restored.
    limit: "retention",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const { log } = topic;
      if (!log.restore) return;
      const restore = (positions: readonly number[]): Promise<void> =>
        log.restore?.(topic.name, keptOf(subject, topic, positions)) ?? Promise.resolve();
      const reader = await topic.subscribe("Reads");
      await topic.push([0, 1]);
      await rejectsWith("InvalidState", () => restore([1, 2]));
      await rejectsWith("InvalidState", () => restore([2, 3]));
      await topic.drain(reader);
      await rejectsWith("InvalidState", () => restore([3, 3]));
      await rejectsWith("InvalidState", () => logOf(topic).restore(loggedOf(keptOf(subject, topic, [0, 1]))));
      assert.deepEqual(bodiesOf(await topic.read()), [0, 1]);
      await restore([2, 3]);
      assert.deepEqual(bodiesOf(await topic.read()), [0, 1, 2, 3]);
    },
  },
];

function logOf({ name, log }: KeptTopic): HiveLog {
  return new HiveLog(name, log, new AbortController().signal);
}

type Kept = Awaited<ReturnType<KeptTopic["read"]>>;

/** Events whose bodies are their positions. */
function keptOf({ clock }: ContractSubject, topic: KeptTopic, positions: readonly number[]): Kept {
  return positions.map((position) => ({ position, published: clock.now(), event: topic.event(position) }));
}

function loggedOf(events: Kept): Parameters<HiveLog["restore"]>[0] {
  return events.map(({ published, ...kept }) => ({ ...kept, published: new Date(published) }));
}
