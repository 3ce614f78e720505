import type { Clock } from "../../../../src/base/clock.ts";
import type { SqliteClient } from "../../file/client.ts";
import type { Statement } from "../../file/driver.ts";
import { positionOf, rowAt, type KeptTopic, type KeptTopics } from "./kept-topics.ts";

/** The time between two rounds, in ms, and the events that a round looks at. */
const roundMs = 1_000;
const maxRows = 1_000;

/** Removes the events that topics no longer keep, a little at a time, as part of groups that commit anyway. */
export class Trimming {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #kept: KeptTopics;
  readonly #oldest: Statement<{ readonly position: number; readonly published: number; readonly bytes: number }>;
  readonly #outdated: Statement<{ readonly position: number }>;
  readonly #copy: Statement;
  readonly #delete: Statement<{ readonly bytes: number }>;
  #next = 0;

  constructor(client: SqliteClient, clock: Clock, kept: KeptTopics) {
    this.#client = client;
    this.#clock = clock;
    this.#kept = kept;
    this.#oldest = client.prepare(
      `SELECT ${positionOf("id")}, published, octet_length(body) AS bytes FROM log ` +
        `WHERE id >= ${rowAt("?1", "0")} AND id < ${rowAt("?1", "?2")} ORDER BY id LIMIT ${maxRows}`,
    );
    // Of each key, all events before its newest one of this part.
    this.#outdated = client.prepare(
      `SELECT ${positionOf("older.id")} FROM (SELECT key, max(id) AS id FROM log ` +
        `WHERE id >= ${rowAt("?1", "?2")} AND id < ${rowAt("?1", "?3")} AND key IS NOT NULL GROUP BY key) AS newest ` +
        `JOIN log AS older ON older.key = newest.key AND older.id >= ${rowAt("?1", "0")} AND older.id < newest.id`,
    );
    const gone = `(SELECT ${rowAt("?1", "value")} FROM json_each(?2))`;
    // Events that are still in a queue move there.
    this.#copy = client.prepare(
      "UPDATE messages SET (event, body) = (SELECT log.event, log.body FROM log WHERE log.id = log_id) " +
        `WHERE subscription IN (SELECT subscription FROM readers WHERE topic = ?1) AND log_id IN ${gone}`,
    );
    this.#delete = client.prepare(`DELETE FROM log WHERE id IN ${gone} RETURNING octet_length(body) AS bytes`);
    client.addHooks({ flush: () => this.#round() });
  }

  /** Removes all at once. */
  async all(): Promise<void> {
    let more = true;
    while (more)
      more = await this.#client.write(() => {
        this.#kept.flush();
        return this.#trimAll();
      });
  }

  #round(): void {
    const now = this.#clock.now();
    // A next round that is further away than one interval means that the clock was put back.
    if (now < this.#next && this.#next - now <= roundMs) return;
    this.#next = this.#trimAll() ? 0 : now + roundMs;
  }

  /** Returns whether there is more to remove. */
  #trimAll(): boolean {
    let more = false;
    for (const topic of this.#kept.all()) more = this.#trim(topic) || more;
    this.#kept.flush();
    return more;
  }

  #trim(topic: KeptTopic): boolean {
    const { forMs, maxBytes, compact, evenUnread } = topic.rule;
    const unread = Math.min(topic.next, ...topic.readers.map(({ position }) => position));
    const bound = evenUnread ? topic.next : unread;
    const old = forMs < Infinity || topic.bytes > maxBytes ? this.#old(topic, bound) : [];
    this.#remove(topic, old);
    const compacting = compact && topic.compacted < bound;
    if (compacting) this.#compact(topic, Math.min(bound, topic.compacted + maxRows));
    return old.length === maxRows || (compacting && topic.compacted < bound);
  }

  /** Returns the oldest events before `bound` that are over the age or the bytes of the rule. */
  #old({ id, bytes, rule }: KeptTopic, bound: number): readonly number[] {
    const now = this.#clock.now();
    const isOver = (published: number, left: number): boolean => now - published >= rule.forMs || left > rule.maxBytes;
    const first = this.#oldest.get([id, bound]);
    if (!first || !isOver(first.published, bytes)) return [];
    const old: number[] = [];
    let left = bytes;
    for (const row of this.#oldest.all([id, bound])) {
      if (!isOver(row.published, left)) break;
      left -= row.bytes;
      old.push(row.position);
    }
    return old;
  }

  #compact(topic: KeptTopic, to: number): void {
    const outdated = this.#outdated.all([topic.id, topic.compacted, to]).map(({ position }) => position);
    this.#remove(topic, outdated);
    topic.compacted = to;
    this.#kept.change(topic);
  }

  #remove(topic: KeptTopic, positions: readonly number[]): void {
    if (positions.length === 0) return;
    const values = [topic.id, `[${positions.join(",")}]`];
    this.#copy.run(values);
    for (const { bytes } of this.#delete.all(values)) topic.bytes -= bytes;
    this.#kept.change(topic);
  }
}
