import { isDeepStrictEqual } from "node:util";
import type { TableRange } from "../../provider-kit/row-stores/index.ts";
import { pages, rowName, type RowContent, type RowKey, type Rows } from "../../provider-kit/rows.ts";
import type { OverlayRows } from "./overlay-rows.ts";
import type { Change, Counts, Differences } from "./report.ts";

const page = 500;

/** Compares what a replay wrote with what the stores hold. @param emptied The tables with which it began empty. */
export async function compareWrites(
  stores: Rows,
  overlay: OverlayRows,
  emptied: readonly TableRange[],
  counts: Counts,
  differences: Differences,
): Promise<void> {
  const differ = (change: Change, { table, partition, id }: RowKey, was?: Value, is?: Value): void => {
    counts[change]++;
    const texts = { was: was && textOf(was), is: is && textOf(is) };
    differences.add({
      kind: "write",
      change,
      store: table,
      id: partition === "" ? id : `${partition}/${id}`,
      ...texts,
    });
  };
  const written = overlay.written.filter(({ key }) => isOfStore(key.table));
  const names = new Set(written.map(({ key }) => rowName(key)));
  for (const { key, content } of written) {
    const row = await stores.get(key);
    if (row === undefined && content === undefined) continue;
    if (row === undefined) differ("added", key, undefined, content);
    else if (content === undefined) differ("missing", key, row);
    else if (isSame(row, content)) counts.same++;
    else differ("changed", key, row, content);
  }
  const tables = new Set(written.map(({ key }) => key.table));
  for (const { from, to } of emptied)
    for (const table of [from, ...tables].filter((one) => one >= from && one < to && isOfStore(one)))
      for await (const row of pages((range) => stores.page(range), { table, limit: page })) {
        if (names.has(rowName(row))) continue;
        names.add(rowName(row));
        differ("missing", row, row);
      }
}

/** Locks, and keys of `once`, are no state that somebody reads. */
function isOfStore(table: string): boolean {
  return table.includes("/") && !table.endsWith(".once");
}

type Value = Pick<RowContent, "value" | "metadata">;

function isSame(one: Value, other: Value): boolean {
  return isDeepStrictEqual(valueOf(one), valueOf(other)) && one.metadata === other.metadata;
}

function valueOf({ value }: Value): unknown {
  if (typeof value !== "string") return Buffer.from(value).toString("base64");
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function textOf({ value }: Value): string {
  return typeof value === "string" ? value : `${value.byteLength} bytes`;
}
