import type { TableEntityResult } from "@azure/data-tables";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { sizeOf, type Row, type RowContent, type RowHead, type RowKey } from "../../../src/provider-kit/rows.ts";
import { decodeKey, isShortened, tableKey, tablePrefix, type TableKey } from "./table-key.ts";

/*
 * A row is an entity of Table storage. A text property has at most 64 KiB in UTF-16, so a value is split over several;
 * an entity has at most 1 MiB ("Understanding the Table service data model").
 */

export type Entity = TableKey & Record<string, unknown>;
export type StoredEntity = TableEntityResult<Record<string, unknown>>;

const maxProperty = 32_000;
const maxEntity = 1_048_576;
/** Bytes reserved for keys, property names and the other properties. */
const roomForTheRest = 8_192;

/** The properties of an entity beside its value. */
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

/** Returns the entity of a row. @throws BeeHiveError `TooLarge`. */
export function toEntity(key: RowKey, content: RowContent): Entity {
  const at = tableKey(key);
  const value = content.value as string;
  const bytes = value.length * 2;
  const maxBytes = maxEntity - roomForTheRest;
  if (bytes > maxBytes) {
    throw new BeeHiveError(
      "TooLarge",
      `"${key.id}" in ${key.table} has ${bytes} bytes in Table storage, which counts two for a character; ` +
        `at most ${maxBytes} are taken. Keep large data in the key-value store.`,
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

/** Returns the end of a part, which must not split a surrogate pair. */
function endOfPart(value: string, from: number): number {
  const end = from + maxProperty;
  if (end >= value.length) return value.length;
  const last = value.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

export function toRow(key: RowKey, entity: StoredEntity): Row {
  const parts: string[] = [];
  for (let n = 0; typeof entity[`value${n}`] === "string"; n++) parts.push(entity[`value${n}`] as string);
  const { size: _, ...head } = toHead(key, entity);
  return { ...head, value: parts.join("") };
}

export function toHead({ table, partition, id }: RowKey, entity: StoredEntity): RowHead {
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

/** Returns the key of a row. Keys that were shortened are in properties of their own. */
export function keyOf(table: string, { partitionKey, rowKey, longPartition, longId }: StoredEntity): RowKey {
  return {
    table,
    partition: (longPartition as string | undefined) ?? decodeKey(partitionKey?.slice(tablePrefix(table).length) ?? ""),
    id: (longId as string | undefined) ?? decodeKey(rowKey ?? ""),
  };
}
