const minSlots = 4;
/** A ring that was made longer than this for a burst is made shorter again. */
const maxKept = 1024;

/**
 * First in, first out, in constant time. A ring and not an array that is cut: what an event passes through on its way
 * makes no garbage, and what was taken out is reachable from nowhere.
 */
export class Fifo<T> {
  /** As many as a power of two, so that a place in the ring is some bits of a number. */
  #slots: (T | undefined)[] = emptySlots(minSlots);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What `shift` takes next. */
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
