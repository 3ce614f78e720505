import { createHash } from "node:crypto";
import type { RowKey } from "../../../src/provider-kit/rows.ts";

/** The keys of an entity. */
export interface TableKey {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** The limit of Table storage: 1 KiB, or 512 UTF-16 units. */
const maxKey = 512;
const keptLength = 440;
/** The prefix of the row keys of idempotency keys, which are in the partition of their counter. */
export const oncePrefix = "once.";

/**
 * Encodes a text as a key of Table or Blob storage, which refuse or change some characters.
 *
 * The encoding is reversible and keeps the order of code points. Letters and digits stand for themselves. Every other
 * byte of the UTF-8 form becomes a mark and two hex digits. There are four marks, so that characters between the
 * digits, the capitals and the small letters stay between them.
 */
export function encodeKey(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z]/gu, (character) => [...Buffer.from(character)].map(escaped).join(""));
}

export function decodeKey(key: string): string {
  const bytes = key.replaceAll(
    /[!:_~]([0-9a-f]{2})|(.)/gs,
    (_, hex: string | undefined, plain: string | undefined) => hex ?? Buffer.from(plain ?? "").toString("hex"),
  );
  return Buffer.from(bytes, "hex").toString();
}

function escaped(byte: number): string {
  const mark = byte < 0x30 ? "!" : byte < 0x41 ? ":" : byte < 0x61 ? "_" : "~";
  return mark + byte.toString(16).padStart(2, "0");
}

/** Encodes like {@link encodeKey}. Of a key that is too long it keeps the beginning, for the order, and adds a hash. */
export function shortKey(text: string, maxLength: number = maxKey, kept: number = keptLength): string {
  const key = encodeKey(text);
  if (key.length <= maxLength) return key;
  return `${key.slice(0, kept)}~~${createHash("sha256").update(text).digest("hex")}`;
}

/** Returns whether {@link shortKey} shortened a key. No encoded text has two marks in a row. */
export function isShortened(key: string): boolean {
  return key.includes("~~");
}

/**
 * Returns the keys of the entity of a row.
 *
 * A counter and its idempotency keys, which the stores keep in two tables, share a partition here, because only rows of
 * one partition can be written together.
 */
export function tableKey({ table, partition, id }: RowKey): TableKey {
  if (!table.startsWith("counter/")) return { partitionKey: partitionKey(table, partition), rowKey: shortKey(id) };
  const isOnce = table.endsWith(".once");
  const counter = isOnce ? table.slice(0, -".once".length) : table;
  return {
    partitionKey: partitionKey(counter, isOnce ? partition : id),
    rowKey: isOnce ? oncePrefix + shortKey(id, maxKey - oncePrefix.length) : "value",
  };
}

export function partitionKey(table: string, partition: string): string {
  const prefix = tablePrefix(table);
  return prefix + shortKey(partition, maxKey - prefix.length, keptLength - prefix.length);
}

/** The prefix of the partition keys of a table. No encoded text has a bar, so no table is the prefix of another. */
export function tablePrefix(table: string): string {
  return `${table.replaceAll("/", ".")}|`;
}

/** Returns the first key after all keys of a table: `}` follows the bar. */
export function afterTable(table: string): string {
  return `${tablePrefix(table).slice(0, -1)}}`;
}
