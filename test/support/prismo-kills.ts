/** The sample, killed at random and started again. `BEEHIVE_KILLS` sets the number of kills. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { randomOrders, randomProducts } from "../../samples/prismo/generate.ts";

export const kills = Number(process.env["BEEHIVE_KILLS"] ?? 10);
/** The time that a test of all kills may take, in ms. */
export const killsLimitMs: number = 120_000 + kills * 10_000;
const orders = 100 * kills;
const root = join(import.meta.dirname, "../..");

/** Where the sample runs, and who shares the work. */
export interface KillsOptions {
  readonly provider: string;
  /** True once the first process has begun: it is killed soon after. */
  readonly begun: () => boolean | Promise<boolean>;
  /** How many processes run at a time; one of them is killed each time. */
  readonly processes?: number;
}

/** Runs the sample and returns its output. Kills it after `killAfterMs`, if given. */
async function prismo(
  args: readonly string[],
  { provider, begun }: KillsOptions,
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

/** Asserts that the sample completes every order once, whoever is killed. */
export async function assertOnceThroughKills(options: KillsOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "beehive-prismo-"));
  const { processes = 1 } = options;
  try {
    const products = randomProducts(7, orders);
    const lines = (items: Iterable<unknown>): string => [...items].map((item) => JSON.stringify(item)).join("\n");
    writeFileSync(join(folder, "stock.ndjson"), lines(products));
    writeFileSync(join(folder, "orders.ndjson"), lines(randomOrders(7, orders, products)));
    const args = ["--orders", join(folder, "orders.ndjson"), "--stock", join(folder, "stock.ndjson")];
    const reportOf = (said: string): Record<string, number> => JSON.parse(said.trim().split("\n").at(-1) ?? "");

    const killed = async (kill: number): Promise<void> => {
      // In the first run, kill soon after it has begun; later all is there while Node is still loading.
      await prismo(args, options, (kill === 0 ? 0 : 300) + Math.random() * 700);
    };
    let kill = 0;
    const lane = async (): Promise<void> => {
      while (kill < kills) await killed(kill++);
    };
    await Promise.all(Array.from({ length: processes }, lane));
    const [report = {}] = (await Promise.all(Array.from({ length: processes }, () => prismo(args, options)))).map(
      reportOf,
    );
    assert.is(report["orders"], orders);
    assert.is((report["shipped"] ?? 0) + (report["cancelled"] ?? 0), orders);
    assert.is(report["emails"], report["shipped"]);
    const { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters } = report;
    assert.equal(
      { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters },
      { pending: 0, duplicateEmails: 0, negativeStock: 0, stockBalanced: true, deadLetters: 0 },
    );

    const again = reportOf(await prismo(args, options));
    const { orders: total, events, emails } = again;
    assert.equal([total, events, emails], [orders, 0, report["emails"]], "nothing is done twice");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
