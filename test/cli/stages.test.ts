import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Event, openProvider, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, folderWith, root, startCli } from "../support/cli.ts";
import { cliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive stages", { timeoutMs: 60_000 });

const shop = join(root, "test/cli/modules/shop.ts");

/** A folder with a stage file. */
function staged(text: string, name = "stages.ini") {
  const folder = folderWith({ [name]: text });
  return { path: join(folder.path, name), folder, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("the plan names subscriptions of stages, and actors without a stage", async () => {
  using file = staged(`[packing]\nactors = ${shop}#PackingActor\nparallelism = 3\nmaxLag = 2s\n`);
  const { code, stdout, stderr } = await cli(["stages", "--stages", file.path, "--json"]);
  assert.is(code, 1, stderr);
  const { stages, unplaced, twice } = JSON.parse(stdout) as Record<string, readonly Record<string, unknown>[]>;
  assert.equal(stages, [
    {
      name: "packing",
      parallelism: 3,
      maxLag: 2_000,
      actors: [{ actor: "PackingActor", queue: "OrderPlaced-Packing", parallelism: 3, maxLag: 2_000 }],
    },
  ]);
  assert.ok((unplaced ?? []).length > 0);
  assert.equal(twice, []);
});

test("an actor in two stages is named, and such stages do not run", async () => {
  using file = staged(`[one]\nactors[] = ${shop}#PackingActor\nactors[] = *\n[two]\nactors = PackingActor\n`);
  const { code, stdout } = await cli(["stages", "--stages", file.path]);
  assert.is(code, 1);
  assert.match(stdout, /^one +MailActor +OrderPlaced-Mail +10 +- +-$/m);
  assert.match(stdout, "In one and two: PackingActor on OrderPlaced-Packing.");
  const { code: ran, stderr } = await cli(["run", "--stages", file.path, "--all-stages"]);
  assert.is(ran, 2);
  assert.match(stderr, "is in the stages one and two");
});

test("every problem of a stage file is named with its line", async () => {
  using file = staged(`[one]\nactors = ${shop}#PakingActor\nparalelism = 3\n`);
  const { code, stderr } = await cli(["stages", "--stages", file.path]);
  assert.is(code, 2);
  assert.match(stderr, "stages.ini:3: paralelism is not a setting; is it parallelism?");
  using unmatched = staged(`[one]\nactors = ${shop}#PakingActor\n`);
  const second = await cli(["stages", "--stages", unmatched.path]);
  assert.is(second.code, 2);
  assert.match(second.stderr, 'PakingActor" selects no actor; is it PackingActor?');
});

test("run --stage works on the subscriptions of that stage alone", async () => {
  await using hive = await cliHive();
  using file = staged(`packing:\n  actors: ["${shop}#PackingActor"]\nmail:\n  actors: ["*"]\n`, "stages.yaml");
  using running = startCli(["run", "--stages", file.path, "--stage", "packing", "--provider", hive.url, "--json"]);
  await running.says('"queues"');
  const [line = ""] = running.said().split("\n");
  const { stages, queues } = JSON.parse(line) as { stages: unknown; queues: unknown };
  assert.equal([stages, queues], [["packing"], ["OrderPlaced-Packing"]]);
  await hive.provider.queues.push([new Event("OrderPlaced", { id: "1" })]);
  await running.says("packed 1");
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
  const { code, stderr } = await cli(["run", "--stages", file.path, "--stage", "pakcing"]);
  assert.is(code, 2);
  assert.match(stderr, "There is no stage pakcing. Is it packing?");
});

test("run --all-stages works on all, and BEEHIVE_STAGE selects one", async () => {
  await using hive = await cliHive();
  using file = staged(`[packing]\nactors = ${shop}#PackingActor\n[mail]\nactors = *\n`);
  const base = ["run", "--stages", file.path, "--provider", hive.url];
  using running = startCli([...base, "--all-stages"]);
  await running.says("Working on 2 queues (sqlite).");
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
  using one = startCli(base, { environment: { BEEHIVE_STAGE: "mail" } });
  await one.says("Working on OrderPlaced-Mail (sqlite).");
  one.signal("SIGTERM");
  assert.is((await one.ended).code, 0);
});

test("a process above its memory ends with 1 and says so", async () => {
  await using hive = await cliHive();
  using file = staged(`[all]\nactors[] = ${shop}#PackingActor\nactors[] = *\nmemory = 1MB\n`);
  const { code, stderr } = await cli(["run", "--stages", file.path, "--all-stages", "--provider", hive.url]);
  assert.is(code, 1, stderr);
  assert.match(stderr, /The process of all needs \d+ MB, and may need 1 MB\./);
});

test("a proposal is written as a stage file, with its reasons", async () => {
  await using hive = await cliHive();
  using file = staged("");
  using running = startCli(["run", shop, "--provider", hive.url]);
  await running.says("Working on");
  await hive.provider.queues.push([new Event("OrderPlaced", { id: "1" })]);
  await running.says("mailed");
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
  const propose = ["stages", shop, "--propose", "--observed", hive.url, "--stages", "2", "--write", file.path];
  const { code, stdout, stderr } = await cli(propose);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^stage1 +1 +\d+\.\d\d +\d+ ms +-$/m);
  const written = await readFile(file.path, "utf8");
  assert.match(written, /^\[stage1\]\nactors\[\] = .*shop\.ts#\w+\n\n\[stage2\]\nactors\[\] = .*shop\.ts#\w+\n$/);
  const plan = await cli(["stages", "--stages", file.path]);
  assert.is(plan.code, 0, plan.stderr);
});

test("two processes share the actors, and a freeze is recorded", async () => {
  await using hive = await cliHive();
  const base = ["run", shop, "--stage", "auto", "--provider", hive.url];
  using one = startCli(base);
  await one.says("Sharing 2 queues with other processes (sqlite).");
  const frozen = await cli(["stages", "--freeze", "--provider", hive.url, "--as", "ada"]);
  assert.is(frozen.code, 0, frozen.stderr);
  assert.match(frozen.stdout, /^Frozen by ada since /);
  const placed = await cli(["stages", "--placed", "--provider", hive.url, "--json"]);
  const { processes, owners } = JSON.parse(placed.stdout) as { processes: unknown[]; owners: object };
  assert.is(processes.length, 1);
  assert.equal(Object.keys(owners), ["OrderPlaced-Mail", "OrderPlaced-Packing"]);
  const acts = await cli(["acts", "--provider", hive.url, "--json"]);
  assert.match(acts.stdout, /"freeze"/);
  assert.match(acts.stdout, /"ada"/);
  one.signal("SIGTERM");
  assert.is((await one.ended).code, 0);
  const provider = await openProvider(hive.url, { clock: systemClock });
  const left = await provider.stores.locks.tryLock("HivePlacement/of/OrderPlaced-Packing");
  assert.ok(left, "a process that stops frees its locks");
  await left?.release();
  await provider.close();
});

test("what contradicts itself is refused", async () => {
  for (const [words, text] of [
    [["stages", "--propose", "--freeze"], "Give one of"],
    [["run", shop, "--stage", "auto,packing"], "auto stands alone"],
    [["run", shop, "--stage", "packing"], "Name a stage file"],
  ] as const) {
    const { code, stderr } = await cli(words);
    assert.is(code, 2, stderr);
    assert.match(stderr, text);
  }
});

test.run();
