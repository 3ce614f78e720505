import type { KeptEvent } from "../../../../src/contract/topic-log.ts";
import type { QueueName } from "../../../../src/events/queue-name.ts";
import { areBehind, placeTaken, unreadBefore } from "../../../../src/provider-kit/errors.ts";
import { rowOf } from "../../../../src/provider-kit/event-row.ts";
import type { SqliteClient } from "../../file/client.ts";
import type { Statement } from "../../file/driver.ts";
import { rowAt, type KeptTopic, type KeptTopics } from "./kept-topics.ts";

/** Appends events of a backup to the logs of topics. */
export class Restoring {
  readonly #kept: KeptTopics;
  readonly #insert: Statement;

  constructor(client: SqliteClient, kept: KeptTopics) {
    this.#kept = kept;
    this.#insert = client.prepare(
      `INSERT INTO log (id, published, due, key, event, body) VALUES (${rowAt("?1", "?2")}, ?3, ?4, ?5, ?6, ?7)`,
    );
  }

  /** Call within a group, with a topic that was read in it. */
  append(name: QueueName, topic: KeptTopic, events: readonly KeptEvent[]): void {
    if (!areBehind(topic.next, events)) throw placeTaken(name, topic.next);
    if (topic.readers.some(({ position }) => position < topic.next)) throw unreadBefore(name);
    for (const { position, published, event } of events) {
      const row = rowOf(event);
      const due = event.enqueueTime?.getTime() ?? null;
      topic.published = Math.max(published, topic.published);
      this.#insert.run([topic.id, position, topic.published, due, event.partitionKey ?? null, row.event, row.body]);
      // Positions that are left out are gaps, which must be counted.
      if (position > topic.next) topic.compacted = position;
      topic.next = position + 1;
      topic.bytes += Buffer.byteLength(row.body);
    }
    this.#kept.change(topic);
    for (const reader of topic.readers) this.#kept.move(reader, topic.next);
  }
}
