const minSlots = 4;
/** A ring with more slots than this shrinks again after a burst. */
const maxKept = 1024;

/**
 * A first-in, first-out queue with constant-time operations.
 *
 * It is a ring buffer, since shifting an array makes garbage for each event. Items taken out are unreachable at once.
 */
export class Fifo<T> {
  /** The length is always a power of two, so that an index is a bit mask away. */
  #slots: (T | undefined)[] = emptySlots(minSlots);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item that `shift` returns next. */
  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(2 * this.#size);
    this.#slots[(this.#head + this.#size++) & (this.#slots.length - 1)] = item;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    if (this.#slots.length > maxKept && this.#size * 4 <= this.#slots.length) this.#resize(this.#slots.length / 2);
    return item;
  }

  /** Removes an item, in a time that grows with the size. Returns false if it is not there. */
  remove(item: T): boolean {
    const kept = [...this].filter((one) => one !== item);
    if (kept.length === this.#size) return false;
    this.#slots = emptySlots(minSlots);
    this.#head = this.#size = 0;
    for (const one of kept) this.push(one);
    return true;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; i < this.#size; i++) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T;
  }

  #resize(length: number): void {
    const slots = emptySlots<T>(length);
    for (let i = 0; i < this.#size; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

function emptySlots<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length });
}
