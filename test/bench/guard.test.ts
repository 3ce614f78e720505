/** The cost of an event as counts, which show lost speed on any machine. See also providers/aws/requests.test.ts. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { availableDrivers } from "../../providers/sqlite/file/driver.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { countStatements, type StatementCounts } from "../support/sqlite-statements.ts";
import { suite } from "../support/suite.ts";
import { hops, sourceEvents, threeHops } from "../support/three-hops.ts";
import { limits } from "./limits.ts";
import type { MemoryCost } from "./memory-cost.ts";

const test = suite("the cost of an event", { timeoutMs: 60_000 });
const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const fromSources = ["--import", "tsx", "-C", "beehive-source"];

test("in memory, three hops keep to the limits of an event", async () => {
  // Without the optimising compiler, whose decisions vary, and without a garbage collection while it counts.
  const counting = ["--no-opt", "--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const program = join(import.meta.dirname, "memory-cost.ts");
  const count = async (): Promise<MemoryCost> => {
    const { stdout } = await run(process.execPath, [...counting, ...fromSources, program], { cwd: root });
    return JSON.parse(stdout) as MemoryCost;
  };
  const [one, other] = [await count(), await count()];
  for (const name of Object.keys(limits.memory) as (keyof typeof limits.memory)[]) {
    // The lower of two runs: other work of the process, such as its loader's, only ever adds.
    within(name, Math.min(one[name], other[name]), limits.memory[name]);
  }
  assert.equal([one.collections, other.collections], [0, 0], "something was collected: not all bytes were counted");
});

for (const driver of availableDrivers()) {
  test(`${driver}: many events take few statements and share transactions`, async () => {
    const count = 1_000;
    await withHive(driver, count * hops, async (counts, push) => {
      await push(count);
      within("statementsAnEvent", working(counts) / (count * hops), limits.sqlite.statementsAnEvent, counts);
      within("transactionsAnEvent", counts.transactions / (count * hops), limits.sqlite.transactionsAnEvent, counts);
    });
  });

  test(`${driver}: a single event waits for few transactions`, async () => {
    await withHive(driver, hops, async (counts, push) => {
      await push(1);
      within("transactionsAlone", counts.transactions, limits.sqlite.transactionsAlone, counts);
      within("statementsAlone", working(counts), limits.sqlite.statementsAlone, counts);
    });
  });
}

test("an import of the core loads few files; the first hive loads the rest", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beehive-import-"));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    await run(process.execPath, [...fromSources, "--eval", 'import("beehive-actors")'], { cwd: root, env });
    const modules = await modulesIn(folder);
    assert.ok(
      modules.some((url) => url.endsWith("/src/hive/create-hive.ts")),
      "the core itself is not among what was loaded",
    );
    const later = /\/node_modules\/(@azure|@aws-sdk|rhea|libsql|better-sqlite3|inversify|@opentelemetry)\//;
    assert.equal(
      modules.filter((url) => later.test(url)),
      [],
    );
    within("modules", modules.length, limits.start.modules);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();

/** Runs with a started hive on a new file. `push` resolves when the last of `deliveries` has ended. */
async function withHive(
  driver: ReturnType<typeof availableDrivers>[number],
  deliveries: number,
  body: (counts: StatementCounts, push: (count: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  using counts = countStatements(driver);
  using file = sqliteFile();
  let left = deliveries;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const hive = await threeHops(`sqlite:${file.path}?driver=${driver}`, ({ outcome }) => {
    assert.is(outcome, "committed");
    if (--left === 0) end();
  });
  await hive.start();
  counts.clear();
  try {
    await body(counts, async (count) => {
      await hive.push(sourceEvents(count));
      await ended;
    });
  } finally {
    await hive.stop();
  }
}

/** Returns the number of statements without looks for commits of other processes, which depend on time. */
function working({ all, byText }: StatementCounts): number {
  return all - (byText.get("PRAGMA data_version") ?? 0);
}

function within(name: string, value: number, limit: number, counts?: StatementCounts): void {
  const statements = counts
    ? [...counts.byText].map(([sql, times]) => `\n  ${times} x ${sql.replaceAll(/\s+/g, " ")}`)
    : [];
  // A hive may need no timers; without all others it did nothing.
  assert.ok(value > 0 || name === "timersAnEvent", `${name} is ${value}: nothing was counted`);
  assert.ok(
    value <= limit,
    `${name} is ${value}, above its limit of ${limit} in test/bench/limits.ts${statements.join("")}`,
  );
}

/** Returns the files of a coverage report, which names every loaded script. */
async function modulesIn(folder: string): Promise<string[]> {
  const urls = new Set<string>();
  for (const file of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, file), "utf8")) as { result: { url: string }[] };
    for (const { url } of result) if (url.startsWith("file:")) urls.add(url);
  }
  // Leave out tsx, which only compiles the sources.
  return [...urls].filter((url) => !/\/node_modules\/(tsx|esbuild|get-tsconfig)\//.test(url));
}
