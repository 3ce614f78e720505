/** The sample on a file, killed at random and started again. `BEEHIVE_KILLS` sets the number of kills. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { randomOrders, randomProducts } from "../../../samples/prismo/generate.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const kills = Number(process.env["BEEHIVE_KILLS"] ?? 10);
const orders = 100 * kills;
const root = join(import.meta.dirname, "../../..");

const test = suite("sqlite: Prismo", { timeoutMs: 120_000 + kills * 10_000 });

/** Runs the sample and returns its output. Kills it after `killAfterMs`, if given. */
async function prismo(args: readonly string[], file: string, killAfterMs?: number): Promise<string> {
  const main = join(root, "samples/prismo/main.ts");
  const node = ["--import", "tsx", "-C", "beehive-source", main, "--provider", `sqlite:${file}?deduplication=3600000`];
  const child = spawn(process.execPath, [...node, ...args, "--json"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const closed = once(child, "close");
  if (killAfterMs !== undefined) {
    while (!existsSync(file) && child.exitCode === null) await sleep(5);
    await sleep(killAfterMs);
    child.kill("SIGKILL");
  }
  await closed;
  if (killAfterMs === undefined) assert.is(child.exitCode, 0, said);
  return said;
}

test(`Prismo completes every order once through ${kills} kills`, async () => {
  using file = sqliteFile();
  const products = randomProducts(7, orders);
  const lines = (items: Iterable<unknown>): string => [...items].map((item) => JSON.stringify(item)).join("\n");
  writeFileSync(file.beside("stock.ndjson"), lines(products));
  writeFileSync(file.beside("orders.ndjson"), lines(randomOrders(7, orders, products)));
  const args = ["--orders", file.beside("orders.ndjson"), "--stock", file.beside("stock.ndjson")];

  // In the first run, kill soon after the file appears; later the file exists while Node is still loading.
  for (let kill = 0; kill < kills; kill++) await prismo(args, file.path, (kill === 0 ? 0 : 300) + Math.random() * 700);
  const report = JSON.parse((await prismo(args, file.path)).trim().split("\n").at(-1) ?? "");
  assert.is(report.orders, orders);
  assert.is(report.shipped + report.cancelled, orders);
  assert.is(report.emails, report.shipped);
  const { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters } = report;
  assert.equal(
    { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters },
    { pending: 0, duplicateEmails: 0, negativeStock: 0, stockBalanced: true, deadLetters: 0 },
  );

  const again = JSON.parse((await prismo(args, file.path)).trim().split("\n").at(-1) ?? "");
  assert.equal([again.orders, again.events, again.emails], [orders, 0, report.emails], "nothing is done twice");
});

test.run();
