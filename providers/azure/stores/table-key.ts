import { createHash } from "node:crypto";
import type { RowKey } from "../../../src/provider-kit/rows.ts";

/** Where a row is in the table. */
export interface TableKey {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** Table storage takes keys of 1 KiB, which is 512 UTF-16 units. */
const maxKey = 512;
const keptOfLong = 440;
/** What the row keys of idempotency keys begin with, in the partition of their counter. */
export const oncePrefix = "once.";

/**
 * A text as a key of Table or Blob storage, which refuse or change some characters: reversible, and in the order of code
 * points. Letters and digits stand for themselves, every other byte of the UTF-8 form is two hex digits behind a mark;
 * there are four marks, so that what is between the digits, the capitals and the small letters stays between them.
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

/** As {@link encodeKey}; of a key that would be too long the beginning and a hash, so that order is kept up to there. */
export function shortKey(text: string, longest: number = maxKey, kept: number = keptOfLong): string {
  const key = encodeKey(text);
  if (key.length <= longest) return key;
  return `${key.slice(0, kept)}~~${createHash("sha256").update(text).digest("hex")}`;
}

/** Whether that is a key that {@link shortKey} shortened: no encoded text has two marks in a row. */
export function isShortened(key: string): boolean {
  return key.includes("~~");
}

/**
 * Where a row goes: a partition of ours is one of the table's. A counter and its idempotency keys, which the stores keep
 * in two tables, share one, because only within a partition can several rows be written together.
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
  return prefix + shortKey(partition, maxKey - prefix.length, keptOfLong - prefix.length);
}

/** What the partition keys of a table begin with. The bar is in no encoded text, so no table is the beginning of another. */
export function tablePrefix(table: string): string {
  return `${table.replaceAll("/", ".")}|`;
}

/** What comes after everything with that prefix: the character behind the bar. */
export function afterTable(table: string): string {
  return `${tablePrefix(table).slice(0, -1)}}`;
}
