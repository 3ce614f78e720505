/** The sample, killed at random and started again. `BEEHIVE_KILLS` sets the number of kills. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { assertComplete, reportOf, runSample, writeOrders, type SampleReport, type SampleRun } from "./prismo-runs.ts";

export const kills = Number(process.env["BEEHIVE_KILLS"] ?? 10);
/** The time that a test of all kills may take, in ms. */
export const killsLimitMs: number = 120_000 + kills * 10_000;
const orders = 100 * kills;

/** Where the sample runs, and how many share the work. */
export interface KillsOptions extends SampleRun {
  /** How many processes run at a time; one of them is killed each time. */
  readonly processes?: number;
}

/** Asserts that the sample completes every order once, whoever is killed. */
export async function assertOnceThroughKills(options: KillsOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "beehive-prismo-"));
  const { processes = 1 } = options;
  try {
    const args = writeOrders(folder, orders);
    const killed = async (kill: number): Promise<void> => {
      // In the first run, kill soon after it has begun; later all is there while Node is still loading.
      await runSample(args, options, (kill === 0 ? 0 : 300) + Math.random() * 700);
    };
    let kill = 0;
    const lane = async (): Promise<void> => {
      while (kill < kills) await killed(kill++);
    };
    await Promise.all(Array.from({ length: processes }, lane));
    const runs = Array.from({ length: processes }, () => runSample(args, options));
    const [report] = (await Promise.all(runs)).map(reportOf) as [SampleReport];
    assertComplete(report, orders);
    const { orders: total, events, emails } = reportOf(await runSample(args, options));
    assert.equal([total, events, emails], [orders, 0, report.emails], "nothing is done twice");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
