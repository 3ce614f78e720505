import { letterKey, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { Event } from "../../../src/events/event.ts";
import { Batches } from "../../../src/provider-kit/batches.ts";
import { letterOf } from "../../../src/provider-kit/letter-row.ts";
import type { PostgresClient } from "../client.ts";
import { parametersOf, type PostgresLease } from "./lease.ts";
import { eventRowOf, lineOf, messageOf, readMessage, type MessageRow } from "./message.ts";
import type { Subscription } from "./topology.ts";

interface DeadLetterRow extends MessageRow {
  readonly id: number;
  readonly letter: string;
}

interface Dead {
  readonly lease: PostgresLease;
  readonly letter: DeadLetterRecord;
}

/** Letters in a page. Each holds a whole event. */
const pageSize = 50;
const columns = "id, letter, event, body, bytes";

/** The dead letters of all subscriptions. The id of a letter is that of its row. */
export class DeadLetters {
  readonly #client: PostgresClient;
  readonly #adding = new Batches<Dead, boolean>((dead) => this.#addAll(dead), { maxEntries: 50, maxInFlight: 1 });

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  /** Moves the message of a lease to the dead letters. Returns whether the lease was held. */
  add(lease: PostgresLease, letter: DeadLetterRecord): Promise<boolean> {
    return this.#adding.add({ lease, letter });
  }

  async #addAll(dead: readonly Dead[]): Promise<boolean[]> {
    const letters = dead.map(({ letter: { event: _, ...letter } }) => JSON.stringify(letter));
    const { rows } = await this.#client.call<{ readonly n: number }>("dead_letter_1", [
      ...parametersOf(dead.map(({ lease }) => lease)),
      dead.map(({ lease }) => lease.event.id),
      letters,
    ]);
    const held = new Set(rows.map(({ n }) => n));
    return dead.map((_, index) => held.has(index + 1));
  }

  /** Returns a letter to its queue, chosen by its id or that of its event. Returns whether there was one. */
  async requeue(subscription: Subscription, id: string, mended?: Event): Promise<boolean> {
    const row = await this.#find(subscription, id);
    if (!row) return false;
    if (mended) {
      const { event: text, body, bytes } = messageOf(mended);
      const values = [subscription.id, row.id, lineOf(subscription, mended), text, body, bytes && Buffer.from(bytes)];
      const sent = await this.#client.call<{ readonly t: boolean }>("requeue_2", values);
      return sent.rows[0]?.t === true;
    }
    const { event, problem } = readMessage(row, subscription.name.toString());
    if (problem) throw problem;
    const { rows } = await this.#client.call<{ readonly t: boolean }>("requeue_1", [
      subscription.id,
      row.id,
      lineOf(subscription, event),
    ]);
    return rows[0]?.t === true;
  }

  /** Deletes a letter, chosen by its id or that of its event. Returns whether there was one. */
  async drop({ id: subscription }: Subscription, id: string): Promise<boolean> {
    const { rows } = await this.#client.query(
      `DELETE FROM beehive.dead_letters WHERE subscription = $1 AND id = ${chosen} RETURNING id`,
      [subscription, keyOf(id), id],
    );
    return rows.length > 0;
  }

  async #find({ id: subscription }: Subscription, id: string): Promise<DeadLetterRow | undefined> {
    const { rows } = await this.#client.query<DeadLetterRow>(
      `SELECT ${columns} FROM beehive.dead_letters WHERE subscription = $1 AND id = ${chosen}`,
      [subscription, keyOf(id), id],
    );
    return rows[0];
  }

  async count({ id }: Subscription): Promise<number> {
    const { rows } = await this.#client.query<{ readonly dead: number }>(
      "SELECT count(*) AS dead FROM beehive.dead_letters WHERE subscription = $1",
      [id],
    );
    return rows[0]?.dead ?? 0;
  }

  /** Yields the letters, oldest first. */
  async *list({ id, name }: Subscription): AsyncGenerator<DeadLetter, void, undefined> {
    let after = 0;
    for (;;) {
      const { rows } = await this.#client.query<DeadLetterRow>(
        `SELECT ${columns} FROM beehive.dead_letters WHERE subscription = $1 AND id > $2 ORDER BY id LIMIT ${pageSize}`,
        [id, after],
      );
      for (const row of rows) {
        after = row.id;
        yield letterOf({ id: row.id, letter: row.letter, ...eventRowOf(row) }, name.toString());
      }
      if (rows.length < pageSize) return;
    }
  }
}

/** The row of a letter with that id ($2), or the oldest of that event id ($3). */
const chosen = `coalesce(
  (SELECT id FROM beehive.dead_letters WHERE subscription = $1 AND id = $2::bigint),
  (SELECT min(id) FROM beehive.dead_letters WHERE subscription = $1 AND event_id = $3))`;

function keyOf(id: string): number | null {
  const key = Number(letterKey(id));
  return Number.isSafeInteger(key) ? key : null;
}
