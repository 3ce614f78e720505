import { readFileSync, statSync, writeFileSync } from "node:fs";
import { Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import type { Provider } from "../../src/contract/provider.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import { forEver } from "../../src/testing/contracts/topic-log/kept-topic.ts";
import { cli, folderWith } from "../support/cli.ts";
import { handleAll, publish, reader, startOver, topic, totalsOf } from "../support/log-totals.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive log export, import", { timeoutMs: 60_000 });
const common = { ordered: true, leaseMs: 60_000, maxAttempts: 10 };
const plain = QueueName.topic("Plain");

async function keeping({ queues }: Provider): Promise<void> {
  await queues.ensure([
    { name: topic, ...common, keep: forEver },
    { name: reader, ...common },
    { name: plain, ...common },
  ]);
}

test("truths are exported, imported elsewhere, and state derived anew", async () => {
  using folder = folderWith();
  const [from, to] = [new SqliteProvider({ file: folder.at("a.db") }), new SqliteProvider({ file: folder.at("b.db") })];
  await keeping(from);
  await publish(from, 200);
  const odd = Event.fromRecord({
    id: "odd",
    eventType: "Sale",
    timestamp: 5,
    body: '{"product":"big", "amount":12345678901234567890}',
    contentType: "application/json; charset=utf-8",
    queueName: "Sale-",
    partitionKey: "big",
    correlationId: "c",
    enqueueTime: 1_000,
    properties: { source: "shop", Other: true },
    url: "https://example.com/1",
  });
  await from.queues.push([odd]);
  await handleAll(from);
  const file = folder.at("truths.ndjson");
  const exported = await cli(["log", "export", "--to", file, "--provider", `sqlite:${folder.at("a.db")}`]);
  assert.equal([exported.code, exported.stdout], [0, `Wrote 201 events of Sale- to ${file}.\n`], exported.stderr);
  assert.is(statSync(file).mode & 0o777, 0o600);
  await to.close();

  const provider = ["--provider", `sqlite:${folder.at("c.db")}`];
  const first = await cli(["log", "import", file, "--json", ...provider]);
  assert.is(first.code, 0, first.stderr);
  assert.equal(JSON.parse(first.stdout), { restored: 201, present: 0, topics: ["Sale-"] });
  const again = await cli(["log", "import", file, ...provider]);
  assert.is(again.stdout, "Restored 0 events of Sale-, 201 were there already.\n");

  const other = new SqliteProvider({ file: folder.at("c.db") });
  await keeping(other);
  const read = async ({ queues }: SqliteProvider): Promise<unknown> =>
    (await queues.log.read(topic, { from: 0, limit: 1_000 })).map(({ event, ...place }) => [place, event.toRecord()]);
  assert.equal(await read(other), await read(from));
  await startOver(other);
  await handleAll(other);
  assert.equal(await totalsOf(other), await totalsOf(from));
  assert.is((await totalsOf(other)).length, 51);
  await Promise.all([from.close(), other.close()]);
});

test("export writes to the standard output, and overwrites no file", async () => {
  using folder = folderWith({ "there.ndjson": "mine" });
  const provider = new SqliteProvider({ file: folder.at("a.db") });
  await keeping(provider);
  await publish(provider, 2);
  const url = ["--provider", `sqlite:${folder.at("a.db")}`];
  const [out, taken, unkept] = await Promise.all([
    cli(["log", "export", "Sale", ...url]),
    cli(["log", "export", "--to", folder.at("there.ndjson"), ...url]),
    cli(["log", "export", "Sale-", "Plain-", "--to", folder.at("new.ndjson"), ...url]),
  ]);
  const places = out.stdout
    .trim()
    .split("\n")
    .map((line) => {
      const { beehiveposition, beehivequeue, type } = JSON.parse(line) as Record<string, unknown>;
      return [beehiveposition, beehivequeue, type];
    });
  assert.equal(places, [
    ["0", "Sale-", "Sale"],
    ["1", "Sale-", "Sale"],
  ]);
  assert.match(out.stderr, /Wrote 2 events of Sale-/);
  assert.equal([taken.code, unkept.code], [2, 1]);
  assert.match(taken.stderr, /overwrites nothing/);
  assert.match(unkept.stderr, /Plain-. keeps no events/);
  assert.is(readFileSync(folder.at("there.ndjson"), "utf8"), "mine");
  await provider.close();
});

test("an import names the line that it refuses", async () => {
  using folder = folderWith();
  const provider = new SqliteProvider({ file: folder.at("a.db") });
  await keeping(provider);
  await publish(provider, 2);
  const url = ["--provider", `sqlite:${folder.at("a.db")}`];
  const { stdout } = await cli(["log", "export", ...url]);
  const [first = "", second = ""] = stdout.trim().split("\n");
  const files = {
    torn: `${first}\n${second.slice(0, 40)}`,
    backwards: `${second}\n${first}`,
    push: '{"specversion":"1.0","id":"1","source":"a","type":"Sale"}',
    other: first.replace(/"id":"[^"]*"/, '"id":"another"'),
  };
  const refused = await Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      writeFileSync(folder.at(name), text);
      const { code, stderr } = await cli(["log", "import", folder.at(name), ...url]);
      return [name, code, stderr] as const;
    }),
  );
  const reasons = [
    [2, /torn, line 2: .*it is not JSON/],
    [2, /backwards, line 2: Position 0 of Sale- comes after 1/],
    [2, /push, line 1: .*no beehiveposition/],
    [1, /Sale- has another event at position 0: .*, not another/],
  ] as const;
  refused.forEach(([name, code, stderr], n) => {
    assert.is(code, reasons[n]?.[0], `${name}: ${stderr}`);
    assert.match(stderr, reasons[n]?.[1] as RegExp);
  });
  await provider.close();
});

test.run();
