/** Ids of this length, which is that of UUIDs, are kept as nine numbers of four characters each. */
const idLength = 36;
const idWords = idLength / 4;
const leastSlots = 256;

/** The id that was read last, as text and as numbers. There is room for one more character of any size after it. */
const bytes = Buffer.from(new ArrayBuffer(idLength + 4));
const words = new Uint32Array(bytes.buffer);
let last = "";
let lastFits = false;

/** Reads an id; answers whether it can be kept as numbers: characters beyond ASCII would make more bytes of it. */
function read(id: string): boolean {
  if (id === last) return lastFits;
  last = id;
  return (lastFits = id.length === idLength && bytes.write(id) === idLength);
}

/**
 * A set of ids. Nearly all of them are UUIDs: those are in one flat table, because a `Set` of texts that lives for long
 * is walked and moved by the garbage collector again and again. That was a quarter of the time of a hive in memory.
 */
export class IdSet {
  /** Open addressing, at most half full; a slot that begins with zero is free. */
  #table = new Uint32Array(idWords * leastSlots);
  #slots = leastSlots;
  #used = 0;
  readonly #others = new Set<string>();

  get size(): number {
    return this.#used + this.#others.size;
  }

  has(id: string): boolean {
    return read(id) ? this.#table[this.#find()] !== 0 : this.#others.has(id);
  }

  /** Adds an id; answers whether it was new. */
  add(id: string): boolean {
    if (!read(id)) return this.#others.size !== this.#others.add(id).size;
    const at = this.#find();
    if (this.#table[at] !== 0) return false;
    this.#put(at);
    if (++this.#used * 2 > this.#slots) this.#grow();
    return true;
  }

  /** Forgets all ids; the table keeps its size. */
  clear(): void {
    this.#table.fill(0);
    this.#used = 0;
    this.#others.clear();
  }

  /** Where the id that was read is, or the free slot where it belongs. */
  #find(): number {
    const table = this.#table;
    const mask = this.#slots - 1;
    let hash = 0;
    for (let i = 0; i < idWords; i++) hash = Math.imul(hash ^ (words[i] as number), 0x9e3779b1);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * idWords;
      if (table[at] === 0) return at;
      let same = 0;
      while (same < idWords && table[at + same] === words[same]) same++;
      if (same === idWords) return at;
    }
  }

  #put(at: number): void {
    for (let i = 0; i < idWords; i++) this.#table[at + i] = words[i] as number;
  }

  #grow(): void {
    const old = this.#table;
    this.#slots *= 2;
    this.#table = new Uint32Array(idWords * this.#slots);
    for (let at = 0; at < old.length; at += idWords) {
      if (old[at] === 0) continue;
      for (let i = 0; i < idWords; i++) words[i] = old[at + i] as number;
      this.#put(this.#find());
    }
    last = "";
  }
}
