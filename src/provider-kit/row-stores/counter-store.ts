import type { Clock } from "../../base/clock.ts";
import { checkedKey } from "../../contract/keys.ts";
import type { CounterStore, IncrementOptions } from "../../contract/stores.ts";
import { assertCount, belowMinimum, checkedFloor, counterKey, onceKeptMs, type CounterAnswer } from "../counter.ts";
import type { AtomicRows, Row, RowChange, RowKey } from "../rows.ts";
import { nextEtag } from "./etag.ts";
import { jsonIn, unreadable } from "./items.ts";

/** The part of the rows that counters use. */
export type CounterRows = Pick<AtomicRows, "get" | "writeAtomically">;

/** Counters: a row for each value, and a row for each idempotency key. */
export class RowCounterStore implements CounterStore {
  readonly #rows: CounterRows;
  readonly #clock: Clock;

  constructor(rows: CounterRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async get(name: string, id: string): Promise<number> {
    return valueOf(await this.#rows.get(counterKey(name, id)));
  }

  async increment(name: string, id: string, delta: number, options: IncrementOptions = {}): Promise<number> {
    assertCount(delta);
    const key = counterKey(name, id);
    const { once } = options;
    const min = checkedFloor(key, options);
    const onceKey = once === undefined ? undefined : onceKeyOf(key, once);
    for (;;) {
      const onceRow = onceKey && (await this.#rows.get(onceKey));
      if (onceRow && !this.#expired(onceRow)) return resultOf(jsonIn(onceRow), key, delta, min);

      const row = await this.#rows.get(key);
      const was = valueOf(row);
      const refused = was + delta < min;
      const result: CounterAnswer = { value: refused ? was : was + delta, refused };
      assertCount(result.value);

      const changes: RowChange[] = [];
      if (!refused) changes.push(this.#change(key, row, String(result.value)));
      if (onceKey) changes.push(this.#change(onceKey, onceRow, JSON.stringify(result), onceKeptMs));
      const conflict = await this.#rows.writeAtomically(changes);
      if (!conflict) return resultOf(result, key, delta, min);
    }
  }

  #expired({ expires = Infinity }: Row): boolean {
    return expires <= this.#clock.now();
  }

  #change(key: RowKey, row: Row | undefined, value: string, keptMs?: number): RowChange {
    const modified = this.#clock.now();
    const expires = keptMs === undefined ? undefined : modified + keptMs;
    return {
      key,
      expect: row === undefined ? "absent" : { etag: row.etag },
      content: { value, etag: nextEtag(), modified, expires },
    };
  }
}

function onceKeyOf({ table, id }: RowKey, once: string): RowKey {
  return { table: `${table}.once`, partition: id, id: checkedKey("an idempotency key", once) };
}

function valueOf(row: Row | undefined): number {
  if (row === undefined) return 0;
  const value = Number(row.value);
  if (Number.isSafeInteger(value)) return value;
  throw unreadable(row, "it is no safe integer");
}

function resultOf({ value, refused }: CounterAnswer, key: RowKey, delta: number, min: number): number {
  if (refused) throw belowMinimum(key, value, delta, min);
  return value;
}
