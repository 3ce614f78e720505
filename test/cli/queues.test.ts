import { existsSync } from "node:fs";
import { createHive, Event, PauseSubscription, silentLogger } from "beehive-actors";
import * as assert from "uvu/assert";
import { durationText } from "../../src/cli/text.ts";
import { actor } from "../../src/testing/contracts/hive/harness.ts";
import { traceText } from "../../src/journal/trace/trace.ts";
import { cli, folderWith, startCli } from "../support/cli.ts";
import { cliHive, packing } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive queues", { timeoutMs: 60_000 });

test("each event is counted in its state, with the oldest age", async () => {
  await using hive = await cliHive();
  const { queues } = hive.provider;
  const hourAgo = new Date(Date.now() - 3_600_000);
  await queues.push([new Event("OrderPlaced", { id: "dead" })]);
  await hive.bury(packing);
  await queues.push([
    new Event("OrderPlaced", { id: "1" }, { timestamp: hourAgo }),
    new Event("OrderPlaced", { id: "2" }),
    new Event("OrderPlaced", { id: "3" }, { enqueueTime: new Date(Date.now() + 600_000) }),
  ]);
  const [json, text] = await Promise.all([
    cli(["queues", "--provider", hive.url, "--json"]),
    cli(["queues", packing, "Invoices", "--provider", hive.url]),
  ]);
  assert.equal([json.code, text.code, json.stderr, text.stderr], [0, 0, "", ""]);
  const rows = JSON.parse(json.stdout) as { queue: string; oldestMs: number | null }[];
  assert.equal(
    rows.map(({ queue }) => queue),
    ["Invoices", "OrderPlaced-Mail", packing],
  );
  const { oldestMs = null, ...counts } = rows[2] ?? {};
  assert.equal(counts, {
    queue: packing,
    ready: 2,
    leased: 0,
    delayed: 1,
    dead: 1,
    lag: 2,
    pauses: [],
    readers: 0,
    holders: [],
    log: null,
  });
  assert.ok((oldestMs ?? 0) >= 3_600_000 && (oldestMs ?? 0) < 4_000_000, `${oldestMs}`);
  assert.equal(
    text.stdout
      .replaceAll(/1h( \dm)?/g, "1h   ")
      .split("\n")
      .map((line) => line.trimEnd().replaceAll(/ +/g, " ")),
    [
      "QUEUE READY LEASED DELAYED DEAD OLDEST LAG",
      "OrderPlaced-Packing 2 0 1 1 1h 2",
      "Invoices 0 0 0 0 - 0",
      "",
      "No process reads OrderPlaced-Packing, Invoices. Functions of a cloud are not seen here.",
      "",
    ],
  );
});

test("a paused subscription and a key holder are shown", async () => {
  using folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  const failing = actor(
    "Orders-Packing",
    (event) => {
      if (event.id === "pausing") throw new PauseSubscription(600_000);
      throw new Error("not yet");
    },
    { ordered: true, parallelism: 1, retry: { minDelay: 600_000, maxDelay: 600_000 } },
  );
  await using hive = await createHive({ actors: failing, provider, logger: silentLogger });
  await hive.start();
  await hive.push(["failing", "behind"].map((id) => new Event("Orders", id, { id, partitionKey: "k" })));
  while ((await hive.queue("Orders-Packing").counts()).delayed < 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await hive.push(new Event("Orders", 1, { id: "pausing" }));
  while (!(await hive.health()).detail.actors[0]?.paused) await new Promise((resolve) => setTimeout(resolve, 5));
  const traced = await hive.trace("behind");
  assert.match(traceText(traced), /Packing: waiting behind failing.*\(paused by actor until 2/);
  while ((await hive.operator.pauses()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));

  const [text, json] = await Promise.all([
    cli(["queues", "--provider", provider]),
    cli(["queues", "--provider", provider, "--json"]),
  ]);
  assert.match(
    text.stdout,
    /^Orders-Packing: paused in process \w{8} by actor until 2\S+Z: Unavailable: asked to pause/m,
  );
  assert.match(text.stdout, /^Orders-Packing: failing \(delayed, tried once\) holds back 1 of its key$/m);
  const [row] = JSON.parse(json.stdout) as { pauses: { by: string }[]; readers: number; holders: unknown }[];
  assert.equal([row?.pauses[0]?.by, row?.readers], ["actor", 1]);
  assert.equal(row?.holders, [{ eventId: "failing", behind: 1, attempts: 1, state: "delayed" }]);
});

test("configured modules name the queues, and others are noted", async () => {
  await using hive = await cliHive();
  const environment = { BEEHIVE_PROVIDER: hive.url, BEEHIVE_MODULES: "test/cli/modules/shop.ts" };
  const { stdout, stderr } = await cli(["queues", "--json"], { environment });
  const rows = JSON.parse(stdout || stderr) as { queue: string }[];
  assert.equal(
    rows.map(({ queue }) => queue),
    ["OrderPlaced-Mail", packing, "Invoices"],
  );
  assert.match(stderr, "No actor of these modules reads Invoices.");
});

test("a topic or a missing queue ends with 2 and the remedy", async () => {
  await using hive = await cliHive();
  const results = await Promise.all(
    [["OrderPlaced-"], ["OrderPlaced-Nobody"], ["--watch"]].map((args) =>
      cli(["queues", ...args, "--provider", hive.url]),
    ),
  );
  const expected = [
    /is a topic, which holds no events/,
    /no subscription OrderPlaced-Nobody\. Create it with/,
    /--watch needs a terminal/,
  ];
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal([code, stdout], [2, ""]);
    assert.match(stderr, expected[index] as RegExp);
  }
});

test("a missing SQLite file is not created", async () => {
  using folder = folderWith();
  const { code, stderr } = await cli(["queues", "--provider", `sqlite:${folder.at("typo.db")}`]);
  assert.is(code, 2);
  assert.match(stderr, /There is no file .*typo\.db/);
  assert.not(existsSync(folder.at("typo.db")));
});

test("--watch with --json prints lines until interrupted", async () => {
  await using hive = await cliHive();
  using running = startCli(["queues", packing, "--watch", "--json", "--interval", "100ms", "--provider", hive.url]);
  await running.says('"ready":0');
  await hive.provider.queues.push([new Event("OrderPlaced", { id: "1" })]);
  await running.says('"ready":1');
  running.signal("SIGINT");
  const { code, stdout } = await running.ended;
  assert.is(code, 0);
  for (const line of stdout.trim().split("\n")) assert.is(JSON.parse(line).length, 1);
});

test("a length of time is shown in its two largest units", () => {
  const second = 1_000;
  assert.equal(
    [0, 999, 59 * second, 60 * second, 61 * second, 3_600 * second, 90_061 * second, 86_460 * second].map(durationText),
    ["0s", "0s", "59s", "1m", "1m 1s", "1h", "1d 1h", "1d"],
  );
});

test.run();
