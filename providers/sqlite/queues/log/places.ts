import type { StartPosition } from "../../../../src/contract/topic-log.ts";
import type { SqliteClient } from "../../file/client.ts";
import { positionOf, rowAt, rowsEnd, type KeptTopic } from "./kept-topics.ts";

/** The place of an event in a log. */
interface Place {
  readonly position: number;
  readonly published: number;
}

/** Finds places in the logs of topics. */
export class Places {
  readonly #client: SqliteClient;

  constructor(client: SqliteClient) {
    this.#client = client;
  }

  /** Returns the position of the oldest event; the next one when there is none. */
  first(topic: KeptTopic): number {
    return this.at(topic, 0)?.position ?? topic.next;
  }

  /** Returns the first event at a position or after it. */
  at({ id }: KeptTopic, position: number): Place | undefined {
    const query = this.#client.query<Place>(
      `SELECT ${positionOf("id")}, published FROM log ` +
        `WHERE id >= ${rowAt("?1", "?2")} AND id < ${rowsEnd("?1")} ORDER BY id LIMIT 1`,
    );
    return query.get([id, position]);
  }

  /** Returns the position of the first event from a time on. Times grow with positions, so it needs no index. */
  positionAt(topic: KeptTopic, time: number): number {
    let low = 0;
    let high = topic.next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.at(topic, middle);
      if (!found || found.published >= time) high = middle;
      else low = found.position + 1;
    }
    return this.at(topic, low)?.position ?? topic.next;
  }

  /** Returns the position where a subscription starts. */
  startOf(topic: KeptTopic, from: StartPosition): number {
    const first = this.first(topic);
    if (from === "beginning") return first;
    if (from instanceof Date) return this.positionAt(topic, from.getTime());
    return typeof from === "number" ? Math.min(Math.max(from, first), topic.next) : topic.next;
  }
}
