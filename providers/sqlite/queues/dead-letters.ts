import { letterKey, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { SqliteLease } from "./lease.ts";
import type { EventRow } from "../../../src/provider-kit/event-row.ts";
import { letterOf, type LetterRow } from "../../../src/provider-kit/letter-row.ts";
import type { Subscription } from "./topology.ts";

/** Letters in a page. Each letter holds a whole event. */
const pageSize = 50;

/** The dead letters of all subscriptions. The id of a letter is that of its row. */
export class DeadLetters {
  readonly #client: SqliteClient;
  readonly #add: Statement;
  readonly #take: Statement<EventRow>;
  readonly #takeOldest: Statement<EventRow>;
  readonly #deleteAll: Statement;

  constructor(client: SqliteClient) {
    this.#client = client;
    this.#add = client.prepare(
      "INSERT INTO dead_letters (subscription, event_id, letter, event, body) " +
        "SELECT subscription, ?, ?, event, body FROM whole_messages WHERE id = ?",
    );
    const columns = `${client.text("event")}, ${client.text("body")}`;
    this.#take = client.prepare(`DELETE FROM dead_letters WHERE id = ? AND subscription = ? RETURNING ${columns}`);
    this.#takeOldest = client.prepare(
      "DELETE FROM dead_letters WHERE id = " +
        `(SELECT min(id) FROM dead_letters WHERE subscription = ? AND event_id = ?) RETURNING ${columns}`,
    );
    this.#deleteAll = client.prepare("DELETE FROM dead_letters WHERE subscription = ?");
  }

  /** Adds a dead letter with the message of a lease, which must be held. Call within a group. */
  add(lease: SqliteLease, { event: _, ...letter }: DeadLetterRecord): void {
    this.#add.run([lease.event.id, JSON.stringify(letter), lease.id]);
  }

  /** Removes the letter with that id, or the oldest letter of that event id. Returns its event. Call within a group. */
  take({ id: subscription }: Subscription, id: string): EventRow | undefined {
    const row = Number(letterKey(id));
    const [letter] = Number.isSafeInteger(row) ? this.#take.all([row, subscription]) : [];
    return letter ?? this.#takeOldest.all([subscription, id])[0];
  }

  deleteAll({ id }: Subscription): void {
    this.#deleteAll.run([id]);
  }

  count({ id }: Subscription): number {
    const query = this.#client.query<{ dead: number }>(
      "SELECT count(*) AS dead FROM dead_letters WHERE subscription = ?",
    );
    return query.get([id])?.dead ?? 0;
  }

  /** Yields the letters, oldest first. */
  async *list({ id, name }: Subscription): AsyncGenerator<DeadLetter, void, undefined> {
    const query = this.#client.query<LetterRow>(
      `SELECT id, letter, ${this.#client.text("event")}, ${this.#client.text("body")} FROM dead_letters ` +
        "WHERE subscription = ? AND id > ? ORDER BY id LIMIT ?",
    );
    let after = 0;
    for (;;) {
      const page = query.all([id, after, pageSize]);
      for (const row of page) {
        after = row.id;
        yield letterOf(row, name.toString());
      }
      if (page.length < pageSize) return;
    }
  }
}
