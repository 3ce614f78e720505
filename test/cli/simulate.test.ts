import { join } from "node:path";
import * as assert from "uvu/assert";
import { cli, cliModule, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive simulate", { timeoutMs: 120_000 });

const taking = cliModule("taking");
const orders = '{"id":"1"}\n{"id":"2"}\n';

interface Result {
  readonly runs: number;
  readonly failures: number;
  readonly firstSeed: number | null;
  readonly faults: Readonly<Record<string, number>>;
  readonly coverage: { readonly actors: { readonly hit: number } };
  readonly durationMs: number;
}

function lastLine(stdout: string): Result {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Result;
}

test("actors that may not be repeated fail, with a seed that repeats it", async () => {
  using folder = folderWith({ "orders.ndjson": orders });
  const args = ["simulate", taking, "--as", "aws", "--push", folder.at("orders.ndjson"), "--json"];
  const { code, stdout, stderr } = await cli([...args, "--runs", "200"]);
  assert.is(code, 1, stderr);
  assert.match(stderr, /outcome: counters\/Stock\/lamp is \d, and \d in a calm run/);
  assert.match(stderr, "Stock: StockActor");
  const { runs, failures, firstSeed } = lastLine(stdout);
  assert.equal([failures, firstSeed], [1, runs]);
  const again = await cli([...args, "--seed", String(firstSeed), "--runs", "1"]);
  assert.is(again.code, 1);
  assert.is(again.stderr, stderr);
});

test("several jobs find the failure of the lowest seed", async () => {
  using folder = folderWith({ "orders.ndjson": orders });
  const args = ["simulate", taking, "--as", "aws", "--push", folder.at("orders.ndjson"), "--json", "--runs", "60"];
  const [one, two] = await Promise.all([cli(args), cli([...args, "--jobs", "3"])]);
  assert.equal([one.code, two.code], [1, 1], two.stderr);
  assert.is(lastLine(two.stdout).firstSeed, lastLine(one.stdout).firstSeed);
  assert.is(two.stderr.trim(), one.stderr.trim());
});

test("a job that ends without a result is told, and ends the others", async () => {
  using folder = folderWith({
    "orders.ndjson": orders,
    "alone.ts": `if (process.send) throw new Error("not in a job");\nexport * from ${JSON.stringify(taking)};\n`,
  });
  const args = ["simulate", folder.at("alone.ts"), "--push", folder.at("orders.ndjson"), "--jobs", "2"];
  const { code, stderr } = await cli(args);
  assert.is(code, 2, stderr);
  assert.match(stderr, "A process of --jobs ended without a result.");
  assert.match(stderr, "not in a job");
});

test("several jobs add up to the report of one", async () => {
  using folder = folderWith({ "orders.ndjson": orders });
  const args = ["simulate", taking, "--as", "aws", "--push", folder.at("orders.ndjson"), "--json", "--runs", "41"];
  const [one, two] = await Promise.all([cli([...args, "--all"]), cli([...args, "--all", "--jobs", "2"])]);
  const withoutTime = ({ stdout }: { readonly stdout: string }) => ({ ...lastLine(stdout), durationMs: 0 });
  assert.is(withoutTime(two).runs, 41);
  assert.equal(withoutTime(two), withoutTime(one));
});

test("all failures are counted on request", async () => {
  using folder = folderWith({ "orders.ndjson": orders });
  const push = `OrderPlaced-=${folder.at("orders.ndjson")}`;
  const { stdout } = await cli(["simulate", taking, "--as", "aws", "--push", push, "--runs", "60", "--all", "--json"]);
  const { runs, failures } = lastLine(stdout);
  assert.is(runs, 60);
  assert.ok(failures > 1, stdout);
});

test("atomic steps pass, and the summary says what was hit", async () => {
  using folder = folderWith({ "orders.ndjson": orders });
  const args = ["simulate", taking, "--as", "sqlite", "--push", folder.at("orders.ndjson")];
  const { code, stdout } = await cli([...args, "--runs", "50"]);
  assert.is(code, 0);
  assert.match(stdout, /^50 runs, 0 failures, in .* s\.\nFaults: .*crash.*\n1 subscriptions and \d calls were hit\./);
  const told = await cli([...args, "--seed", "3", "--story"]);
  assert.match(told.stderr, /^OrderPlaced \{"id":"1"\}\n {2}Stock: StockActor \(.*process/m);
});

test("a file without a queue needs one entry", async () => {
  using folder = folderWith({ "orders.ndjson": orders, "bad.ndjson": "{" });
  const shop = await cli(["simulate", taking, "--push", folder.at("missing.ndjson")]);
  assert.is(shop.code, 2);
  assert.match(shop.stderr, "missing.ndjson cannot be read");
  const bad = await cli(["simulate", taking, "--push", folder.at("bad.ndjson")]);
  assert.is(bad.code, 2);
  assert.match(bad.stderr, "bad.ndjson, line 1");
  const both = await cli([
    "simulate",
    taking,
    join(root, "samples/prismo/actors/index.ts"),
    "--push",
    folder.at("orders.ndjson"),
  ]);
  assert.is(both.code, 2);
  assert.match(both.stderr, "Say where the events go");
});

test.run();
