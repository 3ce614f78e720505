import { spawnSync } from "node:child_process";
import { openProvider, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { problemsOf, runIngest } from "../../samples/ingest/ingest.ts";
import { root } from "../support/cli.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("the edge of samples/ingest", { timeoutMs: 60_000 });

test("what is accepted comes through, the wrong is refused and reported", async () => {
  using file = sqliteFile();
  for (const url of ["memory:", `sqlite:${file.path}`]) {
    const provider = await openProvider(url, { clock: systemClock });
    const report = await runIngest({ provider, devices: 12, port: 0, say: () => {} });
    await provider.close();
    assert.equal(problemsOf(report, 12), [], url);
    assert.equal(
      report.reported.map(({ handler }) => handler),
      ["readings", "", "payments"],
    );
  }
});

test("it runs by its name, and prints a report", () => {
  const args = ["run", "-s", "sample", "--", "ingest", "--json", "--devices", "3"];
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: root, encoding: "utf8" });
  assert.is(status, 0, stderr);
  const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { readonly newest: number };
  assert.is(report.newest, 3);
});

test.run();
