import type { Clock } from "../../src/base/clock.ts";
import type { SqliteClient } from "./file/client.ts";
import type { SqliteRows } from "./stores/rows.ts";

/** How long between two rounds, in ms, and how much one round takes away: it adds to a group that commits anyway. */
const roundMs = 1_000;
const maxRows = 1_000;
/** Free pages are given back to the file system when they are many, and more than a quarter of the file. */
const manyPages = 2_000;
const pagesARound = 500;

/**
 * Keeps the file from growing: deletes the items that expired, a little with a group now and then, and gives pages that
 * stay free back. An idle file is left alone.
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
    // A round that is further away than rounds are is one of a clock that was put back.
    if (now < this.#next && this.#next - now <= roundMs) return;
    const more = this.#rows.prune(maxRows, now) === maxRows;
    // What came in faster than rounds take it away is taken away with the groups that follow.
    this.#next = more ? 0 : now + roundMs;
    this.#roundDone = !more;
  }

  #shrink(): void {
    if (!this.#roundDone) return;
    this.#roundDone = false;
    try {
      const free = this.#pages("freelist_count");
      if (free < manyPages || free < this.#pages("page_count") / 4) return;
      this.#client.maintain(`PRAGMA incremental_vacuum(${pagesARound})`);
    } catch {
      // Another process has the file: pages are given back another time.
    }
  }

  #pages(pragma: "freelist_count" | "page_count"): number {
    return this.#client.query<{ pages: number }>(`SELECT ${pragma} AS pages FROM pragma_${pragma}`).get([])?.pages ?? 0;
  }
}
