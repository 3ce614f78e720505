import type { TableEntityResult } from "@azure/data-tables";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { sizeOf, type Row, type RowContent, type RowHead, type RowKey } from "../../../src/provider-kit/rows.ts";
import { decodeKey, isShortened, tableKey, tablePrefix, type TableKey } from "./table-key.ts";

/*
 * Rows as entities of Table storage. A text property has 64 KiB in UTF-16 at the most, so values are split over several;
 * an entity has 1 MiB ("Understanding the Table service data model").
 */

export type Entity = TableKey & Record<string, unknown>;
export type Found = TableEntityResult<Record<string, unknown>>;

const maxProperty = 32_000;
const maxEntity = 1_048_576;
/** What names, keys and the other properties take at the most. */
const roomForTheRest = 8_192;

/** The properties of an entity without its value. */
export const headNames: string[] = [
  "partitionKey",
  "rowKey",
  "longPartition",
  "longId",
  "version",
  "modified",
  "size",
  "metadata",
  "expires",
];

/** @throws BeeHiveError `TooLarge`. */
export function toEntity(key: RowKey, content: RowContent): Entity {
  const at = tableKey(key);
  const value = content.value as string;
  const bytes = value.length * 2;
  const most = maxEntity - roomForTheRest;
  if (bytes > most) {
    throw new BeeHiveError(
      "TooLarge",
      `"${key.id}" in ${key.table} has ${bytes} bytes in Table storage, which counts two for a character; at most ${most} are taken. Keep large data in the key-value store.`,
    );
  }
  const parts: Record<string, string> = {};
  for (let from = 0, n = 0; from < value.length || n === 0; n++) {
    const end = endOfPart(value, from);
    parts[`value${n}`] = value.slice(from, end);
    from = end;
  }
  return {
    ...at,
    ...(isShortened(at.partitionKey) ? { longPartition: key.partition } : {}),
    ...(isShortened(at.rowKey) ? { longId: key.id } : {}),
    version: content.etag,
    modified: content.modified,
    size: sizeOf(value),
    ...parts,
    ...(content.metadata === undefined ? {} : { metadata: content.metadata }),
    ...(content.expires === undefined ? {} : { expires: content.expires }),
  };
}

/** Not between the halves of a surrogate pair: each part must be well-formed by itself. */
function endOfPart(value: string, from: number): number {
  const end = from + maxProperty;
  if (end >= value.length) return value.length;
  const last = value.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

export function toRow(key: RowKey, entity: Found): Row {
  const parts: string[] = [];
  for (let n = 0; typeof entity[`value${n}`] === "string"; n++) parts.push(entity[`value${n}`] as string);
  const { size: _, ...head } = toHead(key, entity);
  return { ...head, value: parts.join("") };
}

export function toHead({ table, partition, id }: RowKey, entity: Found): RowHead {
  const { metadata, expires } = entity;
  return {
    table,
    partition,
    id,
    etag: entity["version"] as string,
    modified: Number(entity["modified"]),
    size: Number(entity["size"]),
    ...(typeof metadata === "string" ? { metadata } : {}),
    ...(expires === undefined ? {} : { expires: Number(expires) }),
  };
}

/** The key of a row that was found in a range. Keys that were shortened are kept beside it. */
export function keyOf(table: string, { partitionKey, rowKey, longPartition, longId }: Found): RowKey {
  return {
    table,
    partition: (longPartition as string | undefined) ?? decodeKey(partitionKey?.slice(tablePrefix(table).length) ?? ""),
    id: (longId as string | undefined) ?? decodeKey(rowKey ?? ""),
  };
}
