/** Ids of this length, which is that of UUIDs, are kept as nine numbers of four characters each. */
const idLength = 36;
/** What an entry of the table holds: the group, which is never 0, and the id. */
const entryWords = 1 + idLength / 4;
const leastSlots = 256;

/** The id that was read last, as an entry. There is room for one more character of any size after it. */
const bytes = Buffer.from(new ArrayBuffer(4 * entryWords + 4));
const entry = new Uint32Array(bytes.buffer, 0, entryWords);
let lastId = "";
let lastFits = false;

/** Reads an id; answers whether it can be kept as numbers: characters beyond ASCII would make more bytes of it. */
function read(group: number, id: string): boolean {
  entry[0] = group;
  if (id === lastId) return lastFits;
  lastId = id;
  return (lastFits = id.length === idLength && bytes.write(id, 4) === idLength);
}

/**
 * A set of ids, each in a group of ids of its own (from 1). Nearly all of them are UUIDs: those are in one flat table,
 * because a `Set` of texts that lives for long is walked and moved by the garbage collector again and again. That was a
 * quarter of the time of a hive in memory.
 */
export class IdSet {
  /** Open addressing, at most half full; an entry that begins with zero is free. */
  #table = new Uint32Array(entryWords * leastSlots);
  #slots = leastSlots;
  #used = 0;
  readonly #others = new Set<string>();

  get size(): number {
    return this.#used + this.#others.size;
  }

  has(group: number, id: string): boolean {
    return read(group, id) ? this.#table[this.#find()] !== 0 : this.#others.has(`${group} ${id}`);
  }

  /** Adds an id; answers whether it was new. */
  add(group: number, id: string): boolean {
    if (!read(group, id)) return this.#others.size !== this.#others.add(`${group} ${id}`).size;
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

  /** Where the id that was read is, or the free entry where it belongs. */
  #find(): number {
    const table = this.#table;
    const mask = this.#slots - 1;
    let hash = 0;
    for (let i = 0; i < entryWords; i++) hash = Math.imul(hash ^ (entry[i] as number), 0x9e3779b1);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * entryWords;
      if (table[at] === 0) return at;
      let same = 0;
      while (same < entryWords && table[at + same] === entry[same]) same++;
      if (same === entryWords) return at;
    }
  }

  #put(at: number): void {
    for (let i = 0; i < entryWords; i++) this.#table[at + i] = entry[i] as number;
  }

  #grow(): void {
    const old = this.#table;
    this.#slots *= 2;
    this.#table = new Uint32Array(entryWords * this.#slots);
    for (let at = 0; at < old.length; at += entryWords) {
      if (old[at] === 0) continue;
      for (let i = 0; i < entryWords; i++) entry[i] = old[at + i] as number;
      this.#put(this.#find());
    }
    // What is in `entry` now is not what was read.
    lastId = "";
  }
}
