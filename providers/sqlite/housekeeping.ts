import type { Clock } from "../../src/base/clock.ts";
import type { SqliteClient } from "./file/client.ts";
import type { SqliteRows } from "./stores/rows.ts";

/** The time between two rounds, in ms, and the rows that one round deletes as part of a group. */
const roundMs = 1_000;
const maxRows = 1_000;
/** Free pages are released when there are at least so many, and they are more than a quarter of the file. */
const minFreePages = 2_000;
const pagesPerRound = 500;

/**
 * Keeps the file from growing: deletes expired items and releases free pages, a little at a time.
 *
 * The work joins groups that commit anyway, so an idle file is left alone.
 */
export class Housekeeping {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #rows: SqliteRows;
  #next = 0;
  #roundDone = false;

  constructor(client: SqliteClient, clock: Clock, rows: SqliteRows) {
    this.#client = client;
    this.#clock = clock;
    this.#rows = rows;
    client.addHooks({ flush: () => this.#prune(), committed: () => this.#shrink() });
  }

  #prune(): void {
    const now = this.#clock.now();
    // A next round that is further away than one interval means that the clock was put back.
    if (now < this.#next && this.#next - now <= roundMs) return;
    const more = this.#rows.prune(maxRows, now) === maxRows;
    // If more rows expired than one round deletes, the next group continues at once.
    this.#next = more ? 0 : now + roundMs;
    this.#roundDone = !more;
  }

  #shrink(): void {
    if (!this.#roundDone) return;
    this.#roundDone = false;
    try {
      const free = this.#pages("freelist_count");
      if (free < minFreePages || free < this.#pages("page_count") / 4) return;
      this.#client.maintain(`PRAGMA incremental_vacuum(${pagesPerRound})`);
    } catch {
      // Another process has locked the file; a later round releases the pages.
    }
  }

  #pages(pragma: "freelist_count" | "page_count"): number {
    return this.#client.query<{ pages: number }>(`SELECT ${pragma} AS pages FROM pragma_${pragma}`).get([])?.pages ?? 0;
  }
}
