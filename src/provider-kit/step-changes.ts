import { brandAs } from "../base/brand.ts";
import { ConcurrencyConflict } from "../base/errors.ts";
import { rowName, type RowConflict, type RowContent, type RowKey } from "./rows.ts";

/** The reads and writes of a step. The commit applies all writes if all reads still hold, else none. */
export interface StepChanges {
  /** The version of each row that the step read; `undefined` for no row. */
  readonly seen: readonly { readonly key: RowKey; readonly etag: string | undefined }[];
  readonly writes: readonly { readonly key: RowKey; readonly content: RowContent | undefined }[];
}

/** The error of a step that read a row which others changed: the step can run again. */
export class StepConflict extends ConcurrencyConflict {
  static {
    brandAs("StepConflict", this);
  }
}

/** Returns the error of a step that cannot commit because a row changed. */
export function stepConflict({ key }: RowConflict): ConcurrencyConflict {
  return new StepConflict(rowName(key), `"${key.id}" in ${key.table} changed while the step ran.`);
}
