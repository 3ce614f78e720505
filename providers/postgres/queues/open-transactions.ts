import type { Clock } from "../../../src/base/clock.ts";
import type { PostgresClient } from "../client.ts";

interface OpenTransaction {
  /** How many events each subscription gets. */
  readonly subscriptions: ReadonlyMap<number, number>;
  /** When it is given up: readers find its events by themselves, if it commits. */
  readonly until: number;
}

/** How long after a push the first look is, and the longest between two, in ms. */
const lookMs = { min: 10, max: 500 };
const giveUpMs = 60_000;

/**
 * Transactions of the application with events in them: asks the server which have committed, and tells the readers.
 *
 * A notification in the transaction itself would be simpler. PostgreSQL takes a lock of the whole server for it, held
 * while the commit is flushed, so that all such transactions would commit one after the other.
 */
export class OpenTransactions {
  readonly #client: PostgresClient;
  readonly #clock: Clock;
  readonly #tell: (subscription: number, count: number) => void;
  readonly #open = new Map<string, OpenTransaction>();
  #pauseMs = lookMs.min;
  #timer: { cancel(): void } | undefined;
  #closed = false;

  /** @param tell tells of events that are due now. */
  constructor(client: PostgresClient, clock: Clock, tell: (subscription: number, count: number) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** @param xact the id of the transaction, as the server gave it. */
  add(xact: string, subscriptions: ReadonlyMap<number, number>): void {
    if (subscriptions.size === 0 || this.#closed) return;
    const counts = new Map(this.#open.get(xact)?.subscriptions);
    for (const [id, count] of subscriptions) counts.set(id, (counts.get(id) ?? 0) + count);
    this.#open.set(xact, { subscriptions: counts, until: this.#clock.now() + giveUpMs });
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pauseMs = lookMs.min;
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#open.clear();
  }

  #schedule(): void {
    if (this.#open.size === 0 || this.#closed) return;
    this.#timer ??= this.#clock.after(this.#pauseMs, () => void this.#look());
    this.#pauseMs = Math.min(lookMs.max, this.#pauseMs * 1.5);
  }

  async #look(): Promise<void> {
    try {
      const { rows } = await this.#client.query<{ readonly xact: string; readonly status: string | null }>(
        "SELECT x AS xact, pg_xact_status(x::xid8) AS status FROM unnest($1::text[]) AS x",
        [[...this.#open.keys()]],
      );
      if (this.#closed) return;
      for (const { xact, status } of rows) if (status !== "in progress") this.#end(xact, status === "committed");
    } catch {
      // Readers look by themselves, too: the next look is in time.
    }
    const now = this.#clock.now();
    for (const [xact, { until }] of this.#open) if (until <= now) this.#open.delete(xact);
    this.#timer = undefined;
    this.#schedule();
  }

  #end(xact: string, committed: boolean): void {
    const { subscriptions } = this.#open.get(xact) ?? { subscriptions: new Map<number, number>() };
    this.#open.delete(xact);
    if (committed) for (const [id, count] of subscriptions) this.#tell(id, count);
  }
}
