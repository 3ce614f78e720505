import { afterThisTurn } from "../../../src/base/clock.ts";
import type { Event } from "../../../src/events/event.ts";
import { rowName, sizeOf, type RowContent, type RowExpectation, type RowKey } from "../../../src/provider-kit/rows.ts";
import type { PostgresLease } from "./lease.ts";

/** The use of an item by a step: a read or a write. */
export interface ItemUse {
  readonly key: RowKey;
  readonly expect: RowExpectation;
  /** The new state of the item: a content, nothing, or the same. */
  readonly act: "read" | "put" | "delete";
  readonly content: RowContent | undefined;
}

/** The parts of one commit, each of which may be missing. */
export interface Commit {
  readonly lease: PostgresLease | undefined;
  readonly events: readonly Event[];
  /** True if the events come from outside, and may have been pushed before. */
  readonly pushed: boolean;
  readonly items: readonly ItemUse[];
  /** The cancel keys of events to cancel. @default None. */
  readonly cancelled?: readonly string[] | undefined;
  /** The other leases of a batch, which is committed as a group of its own. @default None. */
  readonly others?: readonly PostgresLease[] | undefined;
}

/** The outcome of a commit; a refused commit changed nothing. */
export type Outcome =
  | { readonly kind: "committed"; readonly dropped: number | undefined }
  | { readonly kind: "conflict"; readonly key: RowKey; readonly found: string | undefined }
  | { readonly kind: "lease" };

/** Sends a group; the outcomes are in its order. */
export type SendGroup = (group: readonly Commit[]) => Promise<readonly (Outcome | Error)[]>;

interface Pending {
  readonly commit: Commit;
  readonly keys: readonly KeyUse[];
  readonly bytes: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

interface KeyUse {
  readonly name: string;
  readonly writes: boolean;
}

const maxCommits = 500;
const maxBytes = 4 * 1024 * 1024;
const maxInFlight = 2;

/**
 * Commits what ends at one time as a group: one statement, one transaction, one flush.
 *
 * While two groups are under way, what ends meanwhile forms the next. Commits that touch an item which one of them
 * writes are in successive groups, so that the members of a group are independent.
 */
export class Commits {
  readonly #send: SendGroup;
  #waiting: Pending[] = [];
  #scheduled = false;
  #inFlight = 0;
  /** How many commits under way use an item; negative while one writes it. */
  readonly #used = new Map<string, number>();

  constructor(send: SendGroup) {
    this.#send = send;
  }

  add(commit: Commit): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const keys = commit.items.map(({ key, act }) => ({ name: rowName(key), writes: act !== "read" }));
      this.#waiting.push({ commit, keys, bytes: bytesOf(commit), resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      afterThisTurn(() => {
        this.#scheduled = false;
        this.#next();
      });
    });
  }

  #next(): void {
    while (this.#inFlight < maxInFlight) {
      const group = this.#takeGroup();
      if (group.length === 0) return;
      this.#inFlight++;
      void this.#run(group).finally(() => {
        this.#inFlight--;
        this.#next();
      });
    }
  }

  #takeGroup(): Pending[] {
    const group: Pending[] = [];
    const left: Pending[] = [];
    // Commits that share an item happen in their order: what comes behind one that is left is left, too.
    const awaited = new Map<string, boolean>();
    const isBehind = ({ name, writes }: KeyUse): boolean => (writes ? awaited.has(name) : awaited.get(name) === true);
    let bytes = 0;
    for (const [index, pending] of this.#waiting.entries()) {
      const full =
        group.length === maxCommits ||
        (group.length > 0 && (bytes + pending.bytes > maxBytes || isBatch(pending) || isBatch(group[0])));
      if (full) {
        left.push(...this.#waiting.slice(index));
        break;
      }
      if (pending.keys.every((key) => this.#isFree(key) && !isBehind(key))) {
        for (const { name, writes } of pending.keys)
          this.#used.set(name, writes ? -1 : (this.#used.get(name) ?? 0) + 1);
        group.push(pending);
        bytes += pending.bytes;
      } else {
        for (const { name, writes } of pending.keys) awaited.set(name, writes || awaited.get(name) === true);
        left.push(pending);
      }
    }
    this.#waiting = left;
    return group;
  }

  #isFree({ name, writes }: KeyUse): boolean {
    const used = this.#used.get(name) ?? 0;
    return writes ? used === 0 : used >= 0;
  }

  async #run(group: readonly Pending[]): Promise<void> {
    try {
      const outcomes = await this.#send(group.map(({ commit }) => commit));
      group.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined || outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const { keys } of group) for (const key of keys) this.#free(key);
    }
  }

  #free({ name, writes }: KeyUse): void {
    const used = this.#used.get(name) ?? 0;
    if (writes || used <= 1) this.#used.delete(name);
    else this.#used.set(name, used - 1);
  }
}

function isBatch(pending: Pending | undefined): boolean {
  return pending?.commit.others !== undefined;
}

function bytesOf({ events, items }: Commit): number {
  const ofEvents = events.reduce((sum, { bodySize }) => sum + bodySize, 0);
  return items.reduce((sum, { content }) => sum + (content ? sizeOf(content.value) : 0), ofEvents);
}
