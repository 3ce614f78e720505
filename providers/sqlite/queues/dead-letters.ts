import { letterId, letterKey, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import { jsonErrorPlace } from "../../../src/base/json-error.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { SqliteLease } from "./lease.ts";
import { eventOf, type EventRow } from "./message.ts";
import type { Subscription } from "./topology.ts";

interface DeadLetterRow extends EventRow {
  readonly id: number;
  readonly letter: string;
}

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
        "SELECT subscription, ?, ?, event, body FROM messages WHERE id = ?",
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
    const query = this.#client.query<DeadLetterRow>(
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

function letterOf(row: DeadLetterRow, queueName: string): DeadLetter {
  const { letter, problem } = parsed(row.letter);
  const textOf = (name: string): string | undefined => {
    const value = letter[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    reason: textOf("reason") ?? `The letter ${letterId(row.id)} of ${queueName} does not say why: ${problem}.`,
    errorName: textOf("errorName") ?? "Unreadable",
    errorMessage: textOf("errorMessage") ?? "",
    stack: textOf("stack"),
    actor: textOf("actor") ?? "",
    subscription: textOf("subscription") ?? queueName,
    attempts: typeof letter["attempts"] === "number" ? letter["attempts"] : 0,
    id: letterId(row.id),
    event: eventOf(row, queueName),
    firstSeen: timeOf(textOf("firstSeen")),
    lastSeen: timeOf(textOf("lastSeen")),
  };
}

/** Parses the text of a letter. Another program may have written anything; the error of `JSON.parse` quotes it. */
function parsed(text: unknown): { readonly letter: Readonly<Record<string, unknown>>; readonly problem: string } {
  try {
    const letter: unknown = JSON.parse(String(text));
    if (typeof letter === "object" && letter !== null)
      return { letter: letter as Readonly<Record<string, unknown>>, problem: "it has no reason" };
    return { letter: {}, problem: "it is no JSON object" };
  } catch {
    return { letter: {}, problem: `it is not JSON, wrong ${jsonErrorPlace(String(text)) ?? "somewhere"}` };
  }
}

function timeOf(text: string | undefined): Date {
  const time = new Date(text ?? 0);
  return Number.isNaN(time.getTime()) ? new Date(0) : time;
}
