/** The sample as processes of its command line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { randomOrders, randomProducts } from "../../samples/prismo/generate.ts";

const root = join(import.meta.dirname, "../..");

export interface SampleRun {
  readonly provider: string;
  /** True once a process has begun: a run that is to be killed is killed after that. */
  readonly begun: () => boolean | Promise<boolean>;
}

/** The line that the sample prints with `--json`. */
export type SampleReport = Readonly<Record<string, number>>;

/** Writes orders and stock to a folder. Returns the arguments that name them. */
export function writeOrders(folder: string, count: number): readonly string[] {
  const products = randomProducts(7, count);
  const lines = (items: Iterable<unknown>): string => [...items].map((item) => JSON.stringify(item)).join("\n");
  writeFileSync(join(folder, "stock.ndjson"), lines(products));
  writeFileSync(join(folder, "orders.ndjson"), lines(randomOrders(7, count, products)));
  return ["--orders", join(folder, "orders.ndjson"), "--stock", join(folder, "stock.ndjson")];
}

/** Runs the sample and returns its output. Kills it after `killAfterMs`, if given. */
export async function runSample(
  args: readonly string[],
  { provider, begun }: SampleRun,
  killAfterMs?: number,
): Promise<string> {
  const main = join(root, "samples/prismo/main.ts");
  const node = ["--import", "tsx", "-C", "beehive-source", main, "--provider", provider];
  const child = spawn(process.execPath, [...node, ...args, "--json"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const closed = once(child, "close");
  if (killAfterMs !== undefined) {
    while (child.exitCode === null && !(await begun())) await sleep(5);
    await sleep(killAfterMs);
    child.kill("SIGKILL");
  }
  await closed;
  if (killAfterMs === undefined) assert.is(child.exitCode, 0, said);
  return said;
}

/** Returns the report of a run, its last line. */
export function reportOf(said: string): SampleReport {
  return JSON.parse(said.trim().split("\n").at(-1) ?? "") as SampleReport;
}

/** Asserts every invariant of the sample. */
export function assertComplete(report: SampleReport, orders: number): void {
  const { shipped = 0, cancelled = 0, emails } = report;
  const { orders: all, pending, duplicateEmails, negativeStock, stockBalanced, deadLetters } = report;
  assert.equal(
    { all, ended: shipped + cancelled, emails, pending, duplicateEmails, negativeStock, stockBalanced, deadLetters },
    {
      all: orders,
      ended: orders,
      emails: shipped,
      pending: 0,
      duplicateEmails: 0,
      negativeStock: 0,
      stockBalanced: true,
      deadLetters: 0,
    },
  );
}
