/** What an event costs, as counts: speed that is lost shows here on any machine. See also test/providers/aws/requests.test.ts. */
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

const test = suite("what an event costs", { timeoutMs: 60_000 });
const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const fromSources = ["--import", "tsx", "-C", "beehive-source"];

test("given three hops in memory, when events go through, then each allocates, awaits and times no more than its limits", async () => {
  // Without the optimising compiler, whose decisions differ from run to run; nothing is collected while it counts.
  const counting = ["--no-opt", "--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const program = join(import.meta.dirname, "memory-cost.ts");
  const count = async (): Promise<MemoryCost> => {
    const { stdout } = await run(process.execPath, [...counting, ...fromSources, program], { cwd: root });
    return JSON.parse(stdout) as MemoryCost;
  };
  const [one, other] = [await count(), await count()];
  for (const name of Object.keys(limits.memory) as (keyof typeof limits.memory)[]) {
    // The lesser: what else goes on in a process, such as its loader's, is counted too and only ever adds.
    within(name, Math.min(one[name], other[name]), limits.memory[name]);
  }
  assert.equal([one.collections, other.collections], [0, 0], "something was collected: not all bytes were counted");
});

for (const driver of availableDrivers()) {
  test(`given many events on SQLite by ${driver}, when they go through three hops, then each takes few statements and shares its transactions`, async () => {
    const count = 1_000;
    await withHive(driver, count * hops, async (counts, push) => {
      await push(count);
      within("statementsAnEvent", counts.all / (count * hops), limits.sqlite.statementsAnEvent, counts);
      within("transactionsAnEvent", counts.transactions / (count * hops), limits.sqlite.transactionsAnEvent, counts);
    });
  });

  test(`given an event alone on SQLite by ${driver}, when it goes through three hops, then it waits for few transactions`, async () => {
    await withHive(driver, hops, async (counts, push) => {
      await push(1);
      within("transactionsAlone", counts.transactions, limits.sqlite.transactionsAlone, counts);
      within("statementsAlone", counts.all, limits.sqlite.statementsAlone, counts);
    });
  });
}

test("given the core, when it is imported, then it loads few files, and what runs a hive with the first", async () => {
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

/** Runs with a hive that has started on a new file; `push` resolves when the last of `deliveries` has ended. */
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

function within(name: string, value: number, limit: number, counts?: StatementCounts): void {
  const statements = counts
    ? [...counts.byText].map(([sql, times]) => `\n  ${times} x ${sql.replaceAll(/\s+/g, " ")}`)
    : [];
  // A hive can do without timers; without the rest it did nothing.
  assert.ok(value > 0 || name === "timersAnEvent", `${name} is ${value}: nothing was counted`);
  assert.ok(
    value <= limit,
    `${name} is ${value}, above its limit of ${limit} in test/bench/limits.ts${statements.join("")}`,
  );
}

/** The files of a coverage report, which names every script whichever way it was loaded. */
async function modulesIn(folder: string): Promise<string[]> {
  const urls = new Set<string>();
  for (const file of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, file), "utf8")) as { result: { url: string }[] };
    for (const { url } of result) if (url.startsWith("file:")) urls.add(url);
  }
  // tsx, which compiles the sources, is no part of what is imported.
  return [...urls].filter((url) => !/\/node_modules\/(tsx|esbuild|get-tsconfig)\//.test(url));
}
