import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { noPostgres, postgresSchema, query } from "../support/postgres-server.ts";
import { assertComplete, reportOf, runSample, writeOrders } from "../support/prismo-runs.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo on PostgreSQL", { timeoutMs: 120_000, skip: noPostgres });

const orders = 60;
let folder = "";
let args: readonly string[] = [];
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "beehive-prismo-"));
  args = writeOrders(folder, orders);
});
test.after(() => rmSync(folder, { recursive: true }));

for (const [processes, words] of [
  [1, "one process does the orders"],
  [2, "two processes share the orders"],
  [4, "four processes share the orders"],
] as const) {
  test(`${words}, with every invariant in each report`, async () => {
    const schema = postgresSchema();
    const run = { provider: schema.url, begun: () => true };
    const said = await Promise.all(Array.from({ length: processes }, () => runSample(args, run)));
    const reports = said.map(reportOf);
    for (const report of reports) assertComplete(report, orders);
    assert.equal(new Set(reports.map(({ shipped }) => shipped)).size, 1);
    await schema.drop();
  });
}

test("a run that is killed resumes when it is started again", async () => {
  const schema = postgresSchema();
  const shippedSome = async (): Promise<boolean> => {
    const [there] = await query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
      `${schema.name}.items`,
    ]);
    if (!there?.there) return false;
    const shipped = await query(`SELECT 1 FROM ${schema.name}.items WHERE store LIKE '%Shipments' LIMIT 1`);
    return shipped.length > 0;
  };
  const run = { provider: schema.url, begun: shippedSome };
  await runSample(args, run, 0);
  const [left] = await query<{ count: string }>(
    `SELECT count(*) FROM ${schema.name}.items WHERE store LIKE '%Shipments'`,
  );
  assert.ok(Number(left?.count) > 0 && Number(left?.count) < orders, `${left?.count} shipments at the kill`);
  assertComplete(reportOf(await runSample(args, run)), orders);
  await schema.drop();
});

test.run();
