import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openProvider, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { feedOf } from "../../samples/members/feed.ts";
import { problemsOf, runMembers, type Report } from "../../samples/members/members.ts";
import { chance } from "../../src/base/chance.ts";
import { cliCommand, root } from "../support/cli.ts";
import { noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("the members of samples/members", { timeoutMs: 60_000 });

const feed = feedOf(20, 3);

async function run(url: string): Promise<Report> {
  const provider = await openProvider(url, { clock: systemClock });
  try {
    const report = await runMembers({ provider, feed, interval: 200, say: () => {} });
    assert.equal(problemsOf(report, feed), []);
    return report;
  } finally {
    await provider.close();
  }
}

test("thirty actors on seven stages keep every invariant", async () => {
  const { stages, actors, stored, audited } = await run("memory:");
  assert.equal([stages, actors, stored], [7, 30, 60]);
  assert.ok(audited >= 60);
});

test("a process killed at random times loses nothing and repeats nothing", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const stages = ["run", "--stages", "samples/members/stages.ini", "--all-stages", "--provider", url];
  // The events of a killed process come back when their leases end.
  const config = file.beside("beehive.config.json");
  await writeFile(config, JSON.stringify({ defaults: { lease: "1s" } }));
  const provider = await openProvider(url, { clock: systemClock });
  const [command, ...words] = cliCommand([...stages, "--config", config]);
  for (let round = 0; round < 3; round++) {
    const child = spawn(command, words, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    const exited = once(child, "exit");
    await once(child.stderr, "data");
    await provider.queues.push(feed.slice(round * 20, (round + 1) * 20));
    await new Promise((resolve) => setTimeout(resolve, 20 + 300 * chance(5, round)));
    child.kill("SIGKILL");
    await exited;
  }
  await provider.close();
  await run(url);
});

test("an invariant that does not hold is named", async () => {
  const report = await run("memory:");
  const wrong = { ...report, audited: 1, indexesEqual: false, deadLetters: 2, stages: 6 };
  assert.is(problemsOf(wrong, feed).length, 4);
});

test("npm run sample -- members --json ends with its report", async () => {
  const command = ["--import", "tsx", "-C", "beehive-source", join(root, "scripts/sample.ts")];
  const child = spawn(process.execPath, [...command, "members", "--json", "--entries", "5", "--interval", "50"], {
    cwd: root,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  const [code] = (await once(child, "exit")) as [number];
  assert.is(code, 0);
  const report = JSON.parse(text.trim().split("\n").at(-1) ?? "") as Report;
  assert.equal([report.stages, report.actors, report.stored], [7, 30, 15]);
});

const postgres = suite("the members of samples/members on PostgreSQL", { timeoutMs: 60_000, skip: noPostgres });

postgres("every invariant holds", async () => {
  const schema = postgresSchema();
  try {
    await run(schema.url);
  } finally {
    await schema.drop();
  }
});

test.run();
postgres.run();
