import { createHive, Event, silentLogger } from "beehive-actors";
import * as assert from "uvu/assert";
import type { ReplayReport } from "../../src/analysis/replay/report.ts";
import { cli, cliModule, folderWith } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { PackingActor } from "./modules/packing.ts";

const test = suite("beehive replay", { timeoutMs: 60_000 });

test("a version of a module is run over the past of a file", async () => {
  using folder = folderWith();
  const url = `sqlite:${folder.at("hive.db")}`;
  const hive = await createHive({
    actors: PackingActor,
    keep: { Orders: "forever", Boxes: "forever" },
    provider: url,
    logger: silentLogger,
  });
  await hive.start();
  await hive.push([1, 2].map((n) => new Event("Orders", { n }, { id: `e${n}` })));
  await hive.whenIdle();
  await hive.stop();
  const replay = (version: string, ...words: string[]): ReturnType<typeof cli> =>
    cli(["replay", "Orders-Packing", "--provider", url, "--clear", "Packed", ...words], {
      environment: { PACKING: version },
    });
  const module = ["--with", cliModule("packing")];
  const [same, changed, json, wrong] = await Promise.all([
    replay("same", ...module),
    replay("new", ...module),
    replay("new", ...module, "--from", "1", "--limit", "0", "--json"),
    replay("new"),
  ]);
  assert.is(
    same.stdout,
    "2 events of Orders-Packing, positions 0 to 2, through PackingActor.\n" +
      "Outputs: 2 as in the log, 0 changed, 0 added, 0 missing.\n" +
      "Not compared: 2 to Mails-, which keep no events.\n" +
      "Writes: 2 as in the stores, 0 changed, 0 added, 0 missing.\nFailures: 0.\n",
    same.stderr,
  );
  assert.is(same.code, 0);
  assert.match(changed.stdout, /Outputs: 0 as in the log, 1 changed, 0 added, 0 missing\./);
  assert.match(changed.stdout, /Failures: 1\./);
  assert.match(
    changed.stdout,
    /changed {2}Boxes to Boxes-, of e1 at 0\n {4}was {2}\{"n":1\}\n {4}is {3}\{"n":10\}\n {2}failed {3}e2 at 1: Error: token=/,
  );
  assert.match(changed.stdout, /changed {2}collection\/Packed e1\n.*\n.*\n {2}missing {2}collection\/Packed e2\n/);
  assert.not.match(changed.stdout, /hunter2/);
  const { events, failures, differences } = JSON.parse(json.stdout) as ReplayReport;
  assert.equal([changed.code, json.code, events, failures, differences], [1, 1, 1, 1, []]);
  assert.equal([wrong.code, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /--with/);
});

test.run();
