/** An entry is the group and the four numbers of a UUID. */
const entryWords = 5;
const minEntries = 16;

/** The last read id, as an entry. */
const entry = new Uint32Array(entryWords);
let hash = 0;
let lastGroup = 0;
let lastId = "";
let lastFits = false;

/** Reads an id. Returns whether it can be kept as numbers, as a UUID in small letters can. */
function read(group: number, id: string): boolean {
  if (group === lastGroup && id === lastId) return lastFits;
  lastGroup = group;
  lastId = id;
  lastFits = readUuid(id);
  entry[0] = group;
  hash = hashOf(entry, 0);
  return lastFits;
}

const uuidLength = 36;
const hyphen = 45;
/** The digit that a character code is, of the hexadecimal ones; 255 for other characters. */
const digitOf = Uint8Array.from({ length: 128 }, (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)));

/** Writes a UUID into the entry. Returns false for another text. Parses by hand: it is done for each pushed event. */
function readUuid(id: string): boolean {
  if (id.length !== uuidLength) return false;
  let word = 0;
  let digits = 0;
  for (let i = 0; i < uuidLength; i++) {
    const code = id.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== hyphen) return false;
      continue;
    }
    const digit = digitOf[code] ?? 255;
    if (digit > 15) return false;
    word = (word << 4) | digit;
    if (++digits % 8 === 0) entry[digits / 8] = word;
  }
  return true;
}

function hashOf(words: Uint32Array, from: number): number {
  let result = 0;
  for (let i = from; i < from + entryWords; i++) result = Math.imul(result ^ (words[i] as number), 0x9e3779b1);
  return result ^ (result >>> 15);
}

/**
 * A slot of the index: the number of an entry, from 1, under a part of its hash.
 *
 * The hash rules out nearly all other entries without reading them.
 */
const numberBits = 20;
const numberMask = 2 ** numberBits - 1;

/** The index of an empty table: one free slot. */
const none = new Uint32Array(1);

/** A flat table of ids. Its methods take the last read id. Takes no memory while it is empty. */
class IdTable {
  /** Entries in order of insertion. */
  #entries = none;
  /** Open addressing, at most half full; 0 is a free slot. */
  #index = none;
  used = 0;

  has(): boolean {
    return this.#index[this.#find()] !== 0;
  }

  /** Adds the id. Returns whether it was new. */
  add(): boolean {
    if (this.#index === none) this.#open();
    else if (this.used * 2 === this.#index.length) this.#grow();
    const slot = this.#find();
    if (this.#index[slot] !== 0) return false;
    const at = this.used * entryWords;
    for (let i = 0; i < entryWords; i++) this.#entries[at + i] = entry[i] as number;
    this.#index[slot] = slotOf(hash, ++this.used);
    return true;
  }

  /** Removes all ids. Shrinks a table that was mostly empty. */
  clear(): void {
    if (this.used * 8 < this.#index.length && this.#index.length > 2 * minEntries) {
      this.#entries = none;
      this.#index = none;
    } else this.#index.fill(0);
    this.used = 0;
  }

  /** Returns the slot of the id, or the free one for it. */
  #find(): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = index[slot] as number;
      if (found === 0 || (((found ^ hash) & ~numberMask) === 0 && this.#is(found & numberMask))) return slot;
    }
  }

  /** Returns whether the entry of that number is the id. */
  #is(number: number): boolean {
    const at = (number - 1) * entryWords;
    let same = 0;
    while (same < entryWords && this.#entries[at + same] === entry[same]) same++;
    return same === entryWords;
  }

  #open(): void {
    this.#entries = new Uint32Array(entryWords * minEntries);
    this.#index = new Uint32Array(2 * minEntries);
  }

  #grow(): void {
    const entries = new Uint32Array(2 * this.#entries.length);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#index = new Uint32Array(2 * this.#index.length);
    const mask = this.#index.length - 1;
    for (let number = 1; number <= this.used; number++) {
      const one = hashOf(entries, (number - 1) * entryWords);
      let slot = one & mask;
      while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
      this.#index[slot] = slotOf(one, number);
    }
  }
}

/** The number of tables, as a power of two. Each grows by itself, so that no call moves all ids. */
const tableBits = 6;

/**
 * A set of ids by group, where groups are numbers from 1. A UUID takes 28 to 56 bytes.
 *
 * UUIDs are in flat tables: the garbage collector would walk and move a long-lived `Set` of texts again and again. That
 * took a quarter of the time of a hive in memory. The index is apart from the entries, so that it fits the caches of a
 * processor. Other ids, and those beyond the 67 million of the tables, are in a `Set`.
 */
export class IdSet {
  readonly #tables = Array.from({ length: 2 ** tableBits }, () => new IdTable());
  readonly #others: Set<string>[] = [new Set()];
  readonly #tableSize: number;
  readonly #setSize: number;

  /**
   * @param tableSize the maximum number of ids in a table.
   * @param setSize the maximum number of ids in a `Set`, at most 2 ** 24.
   */
  constructor(tableSize: number = numberMask, setSize: number = 2 ** 23) {
    this.#tableSize = tableSize;
    this.#setSize = setSize;
  }

  get size(): number {
    const others = this.#others.reduce((size, set) => size + set.size, 0);
    return this.#tables.reduce((size, { used }) => size + used, others);
  }

  has(group: number, id: string): boolean {
    if (read(group, id) && this.#table().has()) return true;
    return this.#hasOther(group, id);
  }

  /** Adds an id. Returns whether it was new. */
  add(group: number, id: string): boolean {
    if (!read(group, id)) return this.#addOther(group, id);
    const table = this.#table();
    return table.used < this.#tableSize ? table.add() : this.#addOther(group, id);
  }

  #hasOther(group: number, id: string): boolean {
    const [first] = this.#others;
    if (first === undefined || first.size === 0) return false;
    const name = `${group} ${id}`;
    return this.#others.some((set) => set.has(name));
  }

  #addOther(group: number, id: string): boolean {
    if (this.has(group, id)) return false;
    let last = this.#others.at(-1);
    if (last === undefined || last.size >= this.#setSize) this.#others.push((last = new Set()));
    last.add(`${group} ${id}`);
    return true;
  }

  clear(): void {
    for (const table of this.#tables) table.clear();
    this.#others.splice(0, Infinity, new Set());
  }

  /** Returns the table of the last read id, by bits of its hash that do not choose its slot. */
  #table(): IdTable {
    return this.#tables[Math.imul(hash, 0x85ebca6b) >>> (32 - tableBits)] as IdTable;
  }
}

function slotOf(hashed: number, number: number): number {
  return (hashed & ~numberMask) | number;
}
