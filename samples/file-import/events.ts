import { collectionStore, eventType, keyValueStore } from "beehive-actors";
import * as v from "valibot";

const file = v.object({ file: v.string() });

/** The pulse of the sweeper. */
export const SweepDue = eventType("SweepDue");
export const FileFound = eventType("FileFound", file);
export const RowRead = eventType(
  "RowRead",
  v.object({ ...file.entries, line: v.number(), sku: v.string(), price: v.number() }),
);
export const RowsImported = eventType("RowsImported", v.object({ ...file.entries, rows: v.number() }));

/** The files that others put there, by their names. */
export const Files = keyValueStore("Files");

/** The import of one file. */
export interface Import {
  readonly id: string;
  readonly etag?: string;
  readonly status: "found" | "split" | "done";
  /** The rows of the file, once it is split. */
  readonly rows?: number;
  /** The rows that were imported so far. */
  readonly imported: number;
}
export const Imports = collectionStore<Import>("Imports");

/** An imported row; its id is its file and line. */
export interface Price {
  readonly id: string;
  readonly etag?: string;
  readonly sku: string;
  readonly price: number;
}
export const Prices = collectionStore<Price>("Prices");
