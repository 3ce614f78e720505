import type { CollectionStore, Identified, IdRange, Stored } from "../../contract/stores.ts";
import type { RowKey } from "../rows.ts";
import { etagOf, idOf, type Items } from "./items.ts";

/** A collection: one table with one partition, and a row for each item. */
export class RowCollectionStore<T extends Identified> implements CollectionStore<T> {
  readonly #items: Items<T>;
  readonly #table: string;

  constructor(items: Items<T>, table: string) {
    this.#items = items;
    this.#table = table;
  }

  async get(id: string): Promise<Stored<T>> {
    return this.#items.get(this.#key(id));
  }

  async find(id: string): Promise<Stored<T> | undefined> {
    return this.#items.find(this.#key(id));
  }

  async insert(item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(item), item, "absent");
  }

  async insertIfAbsent(item: T): Promise<Stored<T> | undefined> {
    return this.#items.insertIfAbsent(this.#key(item), item);
  }

  async update(item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(item), item, "present");
  }

  async upsert(item: T): Promise<Stored<T>> {
    return this.#items.write(this.#key(item), item, "any");
  }

  async delete(item: string | Identified): Promise<void> {
    return this.#items.delete(this.#key(item), etagOf(item));
  }

  async exists(id: string): Promise<boolean> {
    return this.#items.exists(this.#key(id));
  }

  range(bounds: IdRange = {}): AsyncIterable<Stored<T>> {
    return this.#items.range(this.#table, "", bounds);
  }

  all(): AsyncIterable<Stored<T>> {
    return this.range();
  }

  #key(item: string | Identified): RowKey {
    return { table: this.#table, partition: "", id: idOf(item) };
  }
}
