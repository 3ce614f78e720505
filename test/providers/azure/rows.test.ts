/** How rows in Table storage are deleted together. */
import type { TableClient, TransactionAction } from "@azure/data-tables";
import * as assert from "uvu/assert";
import { TableRows } from "../../../providers/azure/stores/rows.ts";
import type { RowKey } from "../../../src/provider-kit/rows.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: rows");
const keys = (count: number): RowKey[] =>
  Array.from({ length: count }, (_, n) => ({ table: "t", partition: "", id: `${n}` }));
const missing = Object.assign(new Error("there is no such row"), { statusCode: 404 });

/** A table that records its deletions, and lacks a row. */
function scene(lacking?: string) {
  const together: number[] = [];
  const table = {
    tableName: "table",
    async submitTransaction(actions: readonly TransactionAction[]) {
      if (actions.some(([, { rowKey }]) => rowKey === lacking)) throw missing;
      together.push(actions.length);
    },
    createTable: async () => {},
    async getEntity(_: string, rowKey: string) {
      if (rowKey === lacking) throw missing;
      return { version: "e" };
    },
  };
  return { rows: new TableRows(table as unknown as TableClient), together };
}

test("a transaction deletes at most 100 rows", async () => {
  const { rows, together } = scene();
  await rows.delete(keys(250));
  assert.equal(together, [100, 100, 50]);
});

test("a missing row does not keep others from being deleted", async () => {
  const { rows, together } = scene("1");
  await rows.delete(keys(3));
  assert.equal(together, [2]);
});

test("a deletion of a missing row does not fail other changes", async () => {
  const { rows, together } = scene("1");
  const [row, gone] = keys(2) as [RowKey, RowKey];
  const content = { value: "{}", etag: "new", modified: 0 };
  const conflict = await rows.writeAtomically([
    { key: row, expect: "any", content },
    { key: gone, expect: "any", content: undefined },
  ]);
  assert.equal([conflict, together], [undefined, [1]]);
});

test.run();
