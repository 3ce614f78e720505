/** What can be in a {@link Bag}: it remembers its place there, so it can be in one bag at a time. */
export interface Bagged {
  /** -1 when it is in none. Only the bag changes it. */
  place: number;
}

/**
 * A set of objects that come and go for each event, in no order. Not a `Set`: the table of a `Set` is made anew every
 * few dozen changes, and each points to the one after it. Once one of them is old, the young generation of the garbage
 * collector keeps all that came later, with everything in them. That was a quarter of the time of a hive in memory.
 */
export class Bag<T extends Bagged> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#items[item.place] === item;
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1;
  }

  /** Answers whether it was there. The last item takes its place. */
  delete(item: T): boolean {
    if (!this.has(item)) return false;
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    item.place = -1;
    return true;
  }

  /** Takes the one that was added last, or came to its place; nothing when the bag is empty. */
  pop(): T | undefined {
    const item = this.#items.pop();
    if (item) item.place = -1;
    return item;
  }

  find(wanted: (item: T) => boolean): T | undefined {
    return this.#items.find(wanted);
  }

  /** What is there now: changes made meanwhile are not seen. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }
}
