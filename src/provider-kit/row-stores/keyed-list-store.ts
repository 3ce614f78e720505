import { checkedKey, checkedName } from "../../contract/keys.ts";
import type { Identified, IdRange, KeyedListStore, Stored } from "../../contract/stores.ts";
import type { RowKey } from "../rows.ts";
import { etagOf, idOf, type Items } from "./items.ts";

/** Keyed lists: a table for each list name, a partition for each key, a row for each item. */
export class RowKeyedListStore<T extends Identified> implements KeyedListStore<T> {
  readonly #items: Items<T>;
  readonly #name: string;

  constructor(items: Items<T>, name: string) {
    this.#items = items;
    this.#name = name;
  }

  async get(list: string, key: string, id: string): Promise<Stored<T>> {
    return this.#items.get(this.#key(list, key, id));
  }

  async find(list: string, key: string, id: string): Promise<Stored<T> | undefined> {
    return this.#items.find(this.#key(list, key, id));
  }

  async insert(list: string, key: string, item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(list, key, item), item, "absent");
  }

  async insertIfAbsent(list: string, key: string, item: T): Promise<Stored<T> | undefined> {
    return this.#items.insertIfAbsent(this.#key(list, key, item), item);
  }

  async update(list: string, key: string, item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(list, key, item), item, "present");
  }

  async upsert(list: string, key: string, item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(list, key, item), item, "any");
  }

  async delete(list: string, key: string, item: string | Identified): Promise<void> {
    return this.#items.delete(this.#key(list, key, item), etagOf(item));
  }

  async exists(list: string, key: string, id: string): Promise<boolean> {
    return this.#items.exists(this.#key(list, key, id));
  }

  range(list: string, key: string, bounds: IdRange = {}): AsyncIterable<Stored<T>> {
    return this.#items.range(this.#table(list), partition(key), bounds);
  }

  all(list: string, key: string): AsyncIterable<Stored<T>> {
    return this.range(list, key);
  }

  async deleteList(list: string, key: string): Promise<void> {
    return this.#items.deleteAll(this.#table(list), partition(key));
  }

  async listExists(list: string, key?: string): Promise<boolean> {
    return this.#items.any({ table: this.#table(list), partition: key === undefined ? undefined : partition(key) });
  }

  #table(list: string): string {
    return `${this.#name}/${checkedName("the name of a list", list)}`;
  }

  #key(list: string, key: string, item: string | Identified): RowKey {
    return { table: this.#table(list), partition: partition(key), id: idOf(item) };
  }
}

function partition(key: string): string {
  return checkedKey("the key of a list", key);
}
