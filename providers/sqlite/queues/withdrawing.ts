import type { CancelChoice } from "../../../src/contract/queue-operator.ts";
import { cancelLabel } from "../../../src/provider-kit/event-row.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { Messages } from "./messages.ts";
import type { Subscription } from "./topology.ts";
import type { Waiting } from "./waiting.ts";

/** Conditions of messages that nobody has leased, at the time `?1`. */
const unleased = "(lease IS NULL OR due <= ?1)";

interface Gone {
  readonly subscription: number;
}

/** Takes messages out of their queues that nobody has leased. Call `cancel` and `purge` within a group. */
export class Withdrawing {
  readonly #client: SqliteClient;
  readonly #messages: Messages;
  readonly #waiting: Waiting;
  readonly #byLabel: Statement<Gone>;
  readonly #byRow: Statement<Gone>;
  readonly #all: Statement<Gone>;
  readonly #releaseLines: Statement;

  constructor(client: SqliteClient, messages: Messages, waiting: Waiting) {
    this.#client = client;
    this.#messages = messages;
    this.#waiting = waiting;
    const remove = (condition: string): Statement<Gone> =>
      client.prepare(`DELETE FROM messages WHERE ${unleased} AND ${condition} RETURNING subscription`);
    this.#byLabel = remove("cancel_label = ?2");
    this.#byRow = remove("id IN (SELECT value FROM json_each(?2))");
    this.#all = remove("subscription = ?2");
    // A key whose first message is gone: the next one is due.
    this.#releaseLines = client.prepare(
      "UPDATE messages SET due = 0 WHERE id IN (SELECT min(id) FROM messages WHERE subscription = ? " +
        "AND order_key IS NOT NULL GROUP BY order_key HAVING count(due) = 0)",
    );
  }

  /** Returns the choice as {@link cancel} takes it. Reads all messages for the id of an event, so call it before the group. */
  prepared(which: CancelChoice): { readonly key: string } | { readonly rows: string } {
    if ("key" in which) return which;
    const found = this.#client
      .query<{ readonly id: number }>("SELECT id FROM messages WHERE json_valid(event) AND event ->> 'id' = ?")
      .all([which.id]);
    return { rows: JSON.stringify(found.map(({ id }) => id)) };
  }

  cancel(which: { readonly key: string } | { readonly rows: string }, now: number): number {
    this.#messages.flush();
    const gone = "key" in which ? this.#byLabel.all([now, cancelLabel(which.key)]) : this.#byRow.all([now, which.rows]);
    return this.#left(gone);
  }

  /** Removes all messages of a subscription. */
  purge({ id }: Subscription, now: number): number {
    this.#messages.flush();
    return this.#left(this.#all.all([now, id]));
  }

  #left(gone: readonly Gone[]): number {
    let released = 0;
    for (const one of new Set(gone.map(({ subscription }) => subscription))) released += this.#releaseLines.run([one]);
    if (released > 0) {
      this.#messages.forget();
      this.#waiting.wakeAll();
    }
    return gone.length;
  }
}
