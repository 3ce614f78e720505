import type { SqliteClient } from "./client.ts";
import type { Statement } from "./driver.ts";

/** Ids remembered at the most: bounds what a busy file keeps of its past. */
const mostIds = 500_000;

/** The ids pushed within a window, of all processes. */
export class RecentIds {
  readonly #windowMs: number;
  readonly #add: Statement;
  readonly #prune: Statement;

  constructor(client: SqliteClient, windowMs: number) {
    this.#windowMs = windowMs;
    this.#add = client.prepare(
      "INSERT INTO recent_ids (destination, event_id, pushed) VALUES (?1, ?2, ?3) " +
        "ON CONFLICT DO UPDATE SET pushed = excluded.pushed WHERE pushed <= ?4",
    );
    this.#prune = client.prepare(
      "DELETE FROM recent_ids WHERE id IN (SELECT id FROM recent_ids ORDER BY id LIMIT ?1) " +
        "AND (pushed <= ?2 OR id <= (SELECT max(id) FROM recent_ids) - ?3)",
    );
  }

  /** Notes an id; answers whether it was new. To be called within a group. */
  add(destination: number, eventId: string, now: number): boolean {
    return this.#add.run([destination, eventId, now, now - this.#windowMs]) > 0;
  }

  /** Forgets up to `limit` ids that are too old, or too many; answers how many. To be called within a group. */
  prune(limit: number, now: number): number {
    return this.#prune.run([limit, now - this.#windowMs, mostIds]);
  }
}
