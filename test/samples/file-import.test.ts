import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RejectEvent } from "beehive-actors";
import { given, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { Clean, Load, Split, Sweep, sweeping } from "../../samples/file-import/actors.ts";
import { Files, Imports, Prices, RowRead, RowsImported } from "../../samples/file-import/events.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the files of samples/file-import", { timeoutMs: 120_000 });

test("a file becomes rows in batches, and is removed after the last", async () => {
  await using hive = await TestHive.start({ actors: [Sweep, Split, Load, Clean], pulsers: [sweeping] });
  await hive.store(Files).insert("prices.csv", Array.from({ length: 450 }, (_, n) => `sku-${n},${n}`).join("\n"));
  await hive.advance("5s");
  const { status, rows, imported } = await hive.store(Imports).get("prices.csv");
  assert.equal([status, rows, imported], ["done", 450, 450]);
  assert.is((await hive.store(Prices).get("prices.csv 450")).price, 449);
  assert.is(await hive.store(Files).exists("prices.csv"), false);
});

test("a row without a SKU is rejected, and the others of its batch imported", async () => {
  const row = (line: number, sku: string) => RowRead.create({ file: "f", line, sku, price: 1 });
  const reaction = given().whenBatch([row(1, "a"), row(2, ""), row(3, "c")], Load);
  await reaction.then([RowsImported.create({ file: "f", rows: 2 }, { partitionKey: "f" })]);
  await reaction.thenFails(1, RejectEvent);
});

test("main.ts kills its worker, and imports every row once", async () => {
  const args = ["--import", "tsx", "-C", "beehive-source", "samples/file-import/main.ts", "--json"];
  const size = ["--files", "2", "--rows", "500", "--kills", "2"];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, ...size], { cwd: root });
  assert.equal(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""), {
    rowsImported: 1_000,
    rowsInFiles: 1_000,
    filesLeft: 0,
    importsDone: 2,
    deadLetters: 0,
    held: true,
  });
});

test.run();
