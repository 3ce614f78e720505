import { createHive, Event, silentLogger, type Hive } from "beehive-actors";
import * as assert from "uvu/assert";
import { actor } from "../../src/testing/contracts/hive/harness.ts";
import { cli, folderWith, startCli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive log, rewind, history", { timeoutMs: 60_000 });

interface Shop extends AsyncDisposable {
  readonly hive: Hive;
  readonly provider: readonly string[];
  readonly seen: unknown[];
}

/** A file with three kept orders, which were handled. */
async function shop(): Promise<Shop> {
  const folder = folderWith();
  const url = `sqlite:${folder.at("hive.db")}`;
  const seen: unknown[] = [];
  const hive = await createHive({
    actors: actor("Orders-Packing", (event) => void seen.push(event.getBody())),
    publishes: ["Plain"],
    keep: { Orders: "forever" },
    provider: url,
    logger: silentLogger,
  });
  await hive.start();
  for (const n of [1, 2, 3])
    await hive.push(new Event("Orders", { n }, { id: `e${n}`, partitionKey: `k${n % 2}`, correlationId: `c${n % 2}` }));
  await hive.whenIdle();
  return {
    hive,
    provider: ["--provider", url],
    seen,
    async [Symbol.asyncDispose]() {
      await hive.stop();
      folder[Symbol.dispose]();
    },
  };
}

const idsOf = (lines: string): unknown[] =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: string }).id);

test("the log is printed for people, by place and by key", async () => {
  await using one = await shop();
  const [all, part, keyed, none, limited] = await Promise.all([
    cli(["log", "Orders-", ...one.provider]),
    cli(["log", "Orders", "--from", "1", "--to", "2", ...one.provider]),
    cli(["log", "Orders-", "--key", "k1", "--json", ...one.provider]),
    cli(["log", "Orders-", "--to", "1h", "--json", ...one.provider]),
    cli(["log", "Orders-", "--limit", "2", "--json", ...one.provider]),
  ]);
  assert.is(all.code, 0, all.stderr);
  assert.match(all.stdout, /^0 {2}\d{4}-\S+Z {2}Orders {2}e1 {2}k1 {2}\{"n":1\}\n1 {2}/);
  assert.match(part.stdout, /^1 .* e2 .*\n$/);
  assert.equal([idsOf(keyed.stdout), none.stdout, idsOf(limited.stdout)], [["e1", "e3"], "", ["e1", "e2"]]);
});

test("the log as JSON fills another file by push", async () => {
  await using one = await shop();
  await using other = await shop();
  const { stdout } = await cli(["log", "Orders-", "--json", ...one.provider]);
  const pushed = await cli(["push", "Plain-", "-", "--cloud-events", "--schema-version", "1", ...other.provider], {
    input: stdout,
  });
  assert.match(pushed.stdout, /^Published 3 events to Plain-/, pushed.stderr);
});

test("--follow prints what comes, and ends with 0 after a signal", async () => {
  await using one = await shop();
  using following = startCli(["log", "Orders-", "--from", "2", "--follow", "--json", ...one.provider]);
  await following.says('"e3"');
  await one.hive.push(new Event("Orders", { n: 4 }, { id: "e4" }));
  await following.says('"e4"');
  following.signal("SIGINT");
  const { code, stdout } = await following.ended;
  assert.equal([code, idsOf(stdout)], [0, ["e3", "e4"]]);
});

test("a topic that keeps nothing is refused, and so is a subscription", async () => {
  await using one = await shop();
  const [plain, subscription, missing] = await Promise.all([
    cli(["log", "Plain-", ...one.provider]),
    cli(["log", "Orders-Packing", ...one.provider]),
    cli(["log", "Ordres-", ...one.provider]),
  ]);
  assert.equal([plain.code, subscription.code, missing.code], [1, 2, 1]);
  assert.match(plain.stderr, /keep/);
  assert.match(subscription.stderr, /its topic is Orders-/);
});

test("a rewind says how many events it delivers, and delivers them", async () => {
  await using one = await shop();
  const rewind = (...words: string[]): ReturnType<typeof cli> => cli(["rewind", "Orders-Packing", ...words]);
  const [dry, latest, noOutputs] = await Promise.all([
    rewind("--to", "1", "--outputs", "drop", "--dry-run", ...one.provider),
    rewind("--to", "latest-per-key", "--outputs", "drop", "--dry-run", "--json", ...one.provider),
    rewind("--to", "beginning", ...one.provider),
  ]);
  assert.is(dry.stdout, "Would deliver 2 events to Orders-Packing.\n");
  assert.is(latest.code, 0, latest.stderr);
  assert.equal(JSON.parse(latest.stdout), { subscription: "Orders-Packing", events: 2, stores: [], rewound: false });
  assert.is(noOutputs.code, 2);
  assert.match(noOutputs.stderr, /--outputs/);
  assert.is(one.seen.length, 3);
  const done = await rewind("--to", "beginning", "--outputs", "drop", "--as", "ada", ...one.provider);
  assert.equal([done.code, done.stdout], [0, "Delivers 3 events to Orders-Packing.\n"]);
  await one.hive.whenIdle();
  assert.is(one.seen.length, 6);
  for await (const { by, act, on, detail } of one.hive.operator.acts())
    assert.equal([by, act, on, detail], ["ada", "rewind", "Orders-Packing", "to beginning, outputs: drop"]);
});

test("a rewind empties stores by name, and refuses names without items", async () => {
  await using one = await shop();
  const { stores } = one.hive.provider;
  await stores.collection("Totals").upsert({ id: "1" });
  await stores.counters.increment("Totals", "packed", 3, { once: "e1" });
  await stores.collection("Others").upsert({ id: "1" });
  const rewind = (...words: string[]): ReturnType<typeof cli> =>
    cli(["rewind", "Orders-Packing", "--to", "beginning", "--outputs", "drop", ...words, ...one.provider]);
  const [dry, wrong] = await Promise.all([rewind("--clear", "Totals", "--dry-run"), rewind("--clear", "Totls")]);
  assert.is(
    dry.stdout,
    "Would empty the collection Totals, 1 item.\nWould empty the counter Totals, 1 item.\n" +
      "Would deliver 3 events to Orders-Packing.\n",
    dry.stderr,
  );
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /No store Totls holds anything/);
  await one.hive.whenIdle();
  assert.equal([one.seen.length, await stores.counters.get("Totals", "packed")], [3, 3]);
  const done = await rewind("--clear", "Totals", "--json");
  assert.equal(
    (JSON.parse(done.stdout) as { stores: { items: number }[] }).stores.map(({ items }) => items),
    [1, 1],
  );
  assert.equal(
    [
      await stores.collection("Totals").find("1"),
      await stores.counters.get("Totals", "packed"),
      await stores.counters.increment("Totals", "packed", 1, { once: "e1" }),
      (await stores.collection("Others").find("1"))?.id,
    ],
    [undefined, 0, 1, "1"],
  );
});

test("the history of a key or a process has bodies", async () => {
  await using one = await shop();
  const [key, process, none, neither] = await Promise.all([
    cli(["history", "--key", "k1", ...one.provider]),
    cli(["history", "c0", "--json", ...one.provider]),
    cli(["history", "unknown", ...one.provider]),
    cli(["history", ...one.provider]),
  ]);
  assert.match(key.stdout, /^\S+Z {2}Orders- 0 {2}Orders {2}e1\n {2}\{"n":1\}\n\S+Z {2}Orders- 2 {2}Orders {2}e3\n/);
  const [found] = JSON.parse(process.stdout) as {
    topic: string;
    position: number;
    event: { id: string; data: unknown };
  }[];
  assert.equal([found?.topic, found?.position, found?.event.id, found?.event.data], ["Orders-", 1, "e2", { n: 2 }]);
  assert.equal([none.code, neither.code], [1, 2]);
});

test("queues shows how far behind a subscription is", async () => {
  await using one = await shop();
  await one.hive.stop();
  const rewound = await cli(["rewind", "Orders-Packing", "--to", "1", "--outputs", "drop", ...one.provider]);
  assert.is(rewound.code, 0, rewound.stderr);
  const [text, json] = await Promise.all([
    cli(["queues", ...one.provider]),
    cli(["queues", "--json", ...one.provider]),
  ]);
  assert.match(text.stdout, /^QUEUE .* LAG +BEHIND\nOrders-Packing .* 2$/m);
  const [row] = JSON.parse(json.stdout) as { log: { position: number; behind: number } }[];
  assert.equal([row?.log.position, row?.log.behind], [1, 2]);
});

test.run();
