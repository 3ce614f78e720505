import { writeFileSync } from "node:fs";
import { QueueName, toCloudEvent, Event, type QueueOperator } from "beehive-actors";
import * as assert from "uvu/assert";
import { Pusher } from "../../src/cli/push/pusher.ts";
import { cli, startCli, type CliOptions, type Ended } from "../support/cli.ts";
import { cliHive, packing, topic, type CliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive push", { timeoutMs: 60_000 });

const bodies = (events: readonly Event[]): unknown[] => events.map((event) => event.getBody());
const push = (hive: CliHive, args: readonly string[], options?: CliOptions): Promise<Ended> =>
  cli(["push", ...args, "--schema-version", "1", "--provider", hive.url], options);
const counts = async (hive: CliHive): Promise<number> =>
  (await hive.provider.queues.counts(QueueName.parse(packing))).ready;

test("each value of NDJSON, an array, a document or a pipe is a body", async () => {
  await using hive = await cliHive({
    "a.ndjson": '{"id":"1"}\n\n{"id":"2"}\n',
    "b.json": '[\n  {"id":"3"},\n  {"id":"4"}\n]\n',
    "c.json": '{\n  "id": "5"\n}\n',
  });
  const results = [
    await push(hive, [topic, hive.at("a.ndjson")]),
    await push(hive, [topic, hive.at("b.json")]),
    await push(hive, [topic, hive.at("c.json"), "--type", "OrderImported"]),
    await push(hive, ["Invoices", "-"], { input: '{"id":"6"}\n' }),
  ];
  assert.equal(
    results.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
    [
      [0, "Published 2 events to OrderPlaced-.\n", ""],
      [0, "Published 2 events to OrderPlaced-.\n", ""],
      [0, "Published 1 event to OrderPlaced-.\n", ""],
      [0, "Published 1 event to Invoices.\n", ""],
    ],
  );
  const events = await hive.take(packing);
  assert.equal(
    bodies(events),
    ["1", "2", "3", "4", "5"].map((id) => ({ id })),
  );
  assert.equal(
    events.map(({ eventType }) => eventType),
    [...Array<string>(4).fill("OrderPlaced"), "OrderImported"],
  );
  const [invoice] = await hive.take("Invoices");
  assert.equal([invoice?.eventType, invoice?.getBody()], ["Invoices", { id: "6" }]);
});

test("options set the fields of all events", async () => {
  await using hive = await cliHive({ "a.ndjson": '{"id":7,"customer":{"name":"Ada"}}\n' });
  const options = ["--partition-key-from", "body.customer.name", "--id-from", "id", "--correlation-id", "c1"];
  const properties = [
    "--property",
    "source=/shop",
    "--property",
    "count=3",
    "--property",
    'code="007"',
    "--property",
    "rush=true",
  ];
  const ended = await push(hive, [topic, hive.at("a.ndjson"), ...options, ...properties, "--delay", "10m"]);
  assert.is(ended.code, 0, ended.stderr);
  const { ready, delayed } = await hive.provider.queues.counts(QueueName.parse(packing));
  assert.equal([ready, delayed], [0, 1]);

  await push(hive, [topic, hive.at("a.ndjson"), ...options, ...properties, "--id-from", "customer.name"]);
  const [event] = await hive.take(packing);
  assert.equal([event?.id, event?.partitionKey, event?.correlationId], ["Ada", "Ada", "c1"]);
  assert.equal({ ...event?.properties }, { source: "/shop", count: 3, code: "007", rush: true });
});

test("CloudEvents keep their types and ids", async () => {
  await using hive = await cliHive();
  const given = new Event(
    "OrderMoved",
    { id: "1" },
    { id: "ce-1", queueName: "Elsewhere-", properties: { source: "/crm" } },
  );
  writeFileSync(hive.at("a.ndjson"), `${JSON.stringify(toCloudEvent(given))}\n{"specversion":"0.3"}\n`);
  const ended = await push(hive, [
    topic,
    hive.at("a.ndjson"),
    "--cloud-events",
    "--keep-going",
    "--property",
    "via=cli",
  ]);
  assert.is(ended.code, 1);
  assert.match(ended.stderr, /a\.ndjson, line 2: Not a CloudEvent 1\.0/);
  const [event, ...others] = await hive.take(packing);
  assert.equal([event?.id, event?.eventType, event?.getBody(), others.length], ["ce-1", "OrderMoved", { id: "1" }, 0]);
  assert.equal({ ...event?.properties }, { source: "/crm", via: "cli" });

  const clash = await push(hive, [topic, hive.at("a.ndjson"), "--cloud-events", "--type", "X"]);
  assert.is(clash.code, 2);
});

test("ids and bodies keep all digits of long numbers", async () => {
  const line = '{"id":820982911946154508,"price":1.10,"at":{"shop":"s\\u0031"}}';
  await using hive = await cliHive({
    "a.ndjson": `${line}\r\n ${line.replace("508", "509")} \r\n`,
    "ce.ndjson": `{"specversion":"1.0","id":"ce","source":"/s","type":"T","data":${line}}\n`,
  });
  const keys = ["--id-from", "body.id", "--partition-key-from", "at.shop", "--property", "n=820982911946154508"];
  const ended = await push(hive, [topic, hive.at("a.ndjson"), ...keys]);
  assert.is(ended.stdout, "Published 2 events to OrderPlaced-.\n", ended.stderr);
  const [first, second] = await hive.take(packing);
  assert.equal([first?.id, first?.partitionKey, first?.body], ["820982911946154508", "s1", line]);
  assert.equal([second?.id, first?.properties["n"]], ["820982911946154509", "820982911946154508"]);
  await push(hive, [topic, hive.at("ce.ndjson"), "--cloud-events", "--partition-key-from", "id"]);
  const [third] = await hive.take(packing);
  assert.equal([third?.id, third?.partitionKey, third?.body], ["ce", "820982911946154508", line]);
});

test("queue and due time of a CloudEvent are ignored", async () => {
  const ce = { specversion: "1.0", id: "1", source: "/s", type: "T", data: 1 };
  const wishes = { beehivequeue: "Elsewhere-", beehiveenqueuetime: "2999-01-01T00:00:00Z", beehivedelivery: "log" };
  await using hive = await cliHive({ "a.ndjson": JSON.stringify({ ...ce, ...wishes }) });
  assert.is((await push(hive, [topic, hive.at("a.ndjson"), "--cloud-events"])).code, 0);
  const [event] = await hive.take(packing);
  assert.equal([event?.id, event?.enqueueTime, event?.delivery], ["1", undefined, "business"]);
});

test("a CloudEvent with NUL or deep nesting is reported with its line", async () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  const ce = (id: string, more: string): string =>
    `{"specversion":"1.0","id":"${id}","source":"/s","type":"T",${more}}\n`;
  await using hive = await cliHive({
    "a.ndjson": ce("1", `"data":${deep}`) + ce("2", '"partitionkey":"a\\u0000"') + ce("3", '"data":3'),
  });
  const ended = await push(hive, [topic, hive.at("a.ndjson"), "--cloud-events", "--keep-going"]);
  assert.is(ended.code, 1);
  assert.match(ended.stderr, /a\.ndjson, line 2: .*the partitionKey of an event must not hold NUL/);
  assert.is(ended.stdout, "Published 2 events to OrderPlaced-, 1 bad.\n");
  const events = await hive.take(packing);
  assert.equal([events.map(({ id }) => id), events[0]?.body === deep], [["1", "3"], true]);
});

test("another encoding is reported with its line, or named", async () => {
  await using hive = await cliHive();
  writeFileSync(hive.at("a.ndjson"), Buffer.from('{"id":"1"}\n{"name":"Zo\u00eb"}\n', "latin1"));
  const refused = await push(hive, [topic, hive.at("a.ndjson"), "--keep-going"]);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /a\.ndjson: line 2: it is not UTF-8; name its encoding, such as --encoding latin1/);
  assert.is(await counts(hive), 0);
  assert.is((await push(hive, [topic, hive.at("a.ndjson"), "--encoding", "latin1"])).code, 0);
  assert.equal(bodies(await hive.take(packing)), [{ id: "1" }, { name: "Zo\u00eb" }]);
  const unknown = await push(hive, [topic, hive.at("a.ndjson"), "--encoding", "klingon"]);
  assert.match(unknown.stderr, /--encoding klingon: no such encoding/);
});

test("a bad line ends the push, or is skipped with --keep-going", async () => {
  await using hive = await cliHive({ "a.ndjson": '{"id":"1"}\n{"id":\n{"id":"3"}\n{"name":"4"}\n' });
  const strict = await push(hive, [topic, hive.at("a.ndjson"), "--json"]);
  assert.is(strict.code, 1);
  assert.match(strict.stderr, /a\.ndjson, line 2: it is not JSON, wrong at position 6 \(column 7\)/);
  assert.match(strict.stderr, /Everything up to 1 was published\. To go on: --from-line 2 --run-id /);
  assert.not.match(strict.stderr, /"id"/, "bodies do not belong in errors");
  const { runId, ...told } = JSON.parse(strict.stdout);
  assert.equal(told, { pushed: 1, duplicates: 0, bad: 1, ended: false, lastLine: 1 });
  assert.equal(bodies(await hive.take(packing)), [{ id: "1" }]);

  const going = await push(hive, [topic, hive.at("a.ndjson"), "--keep-going", "--id-from", "id", "--from-line", "2"]);
  assert.is(going.code, 1);
  assert.is(going.stdout, "Published 1 event to OrderPlaced-, 2 bad.\n");
  assert.match(going.stderr, /line 4: it has no text or number at id/);
  assert.equal(bodies(await hive.take(packing)), [{ id: "3" }]);
  assert.ok(runId);
});

test("a failed push that is resumed publishes everything once", async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `{"id":"${index}"}`);
  await using hive = await cliHive({ "a.ndjson": [...lines.slice(0, 60), "{", ...lines.slice(60)].join("\n") });
  const first = await push(hive, [topic, hive.at("a.ndjson"), "--batch", "7"]);
  const [, from = "", runId = ""] = /--from-line (\d+) --run-id (\S+)/.exec(first.stderr) ?? [];
  assert.is(from, "61");
  // Start at an earlier line than necessary: the provider drops the published events, as their ids are the same.
  const again = await push(hive, [topic, hive.at("a.ndjson"), "--from-line", "50", "--run-id", runId, "--keep-going"]);
  assert.is(again.stdout, "Published 40 events to OrderPlaced-, 11 dropped as duplicates, 1 bad.\n");
  assert.equal(
    bodies(await hive.take(packing)),
    lines.map((line) => JSON.parse(line)),
  );
});

test("the same file pushed twice makes other events", async () => {
  await using hive = await cliHive({ "a.ndjson": '{"id":"1"}\n' });
  await push(hive, [topic, hive.at("a.ndjson")]);
  await push(hive, [topic, hive.at("a.ndjson")]);
  assert.is(await counts(hive), 2);
});

test("--dry-run reports all bad values and publishes nothing", async () => {
  await using hive = await cliHive({ "a.json": '[{"id":"1"}, {"id":x}, {"id":"3"}, {y}]' });
  const { code, stdout, stderr } = await cli([
    "push",
    topic,
    hive.at("a.json"),
    "--dry-run",
    "--keep-going",
    "--schema-version",
    "1",
  ]);
  assert.is(code, 1);
  assert.is(stdout, "Would publish 2 events to OrderPlaced-, 2 bad.\n");
  assert.match(stderr, /element 2 \(line 1\): it is not JSON/);
  assert.match(stderr, /element 4 \(line 1\): it is not JSON/);
  assert.is(await counts(hive), 0);
});

test("a wrong destination ends with 2 and the remedy", async () => {
  await using hive = await cliHive({ "a.ndjson": "1\n" });
  const file = hive.at("a.ndjson");
  const results = await Promise.all([
    push(hive, [packing, file]),
    push(hive, ["OrderPlaced", file]),
    push(hive, ["Nowhere-", file]),
    push(hive, [topic, hive.at("none.ndjson")]),
    push(hive, [topic, file, "--delay", "soon"]),
    cli(["push", topic, file]),
    cli(["push", topic, file, "--provider", "memory:"]),
    cli(["push", topic, file, "--provider", "pigeons:"]),
  ]);
  const expected = [
    /is a subscription; publish to its topic: OrderPlaced-/,
    /no queue OrderPlaced\. There is a topic: write OrderPlaced-/,
    /no topic Nowhere-\. Create it with: beehive setup/,
    /none\.ndjson cannot be read/,
    /length of time such as 30s/,
    /Name a provider/,
    /memory: belongs to one process/,
    /No provider is called "pigeons"/,
  ];
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal([code, stdout], [2, ""], stderr);
    assert.match(stderr, expected[index] as RegExp);
  }
});

test("duplicates are counted", async () => {
  await using hive = await cliHive({
    "a.ndjson": '{"id":"1"}\n{"id":"2"}\n',
    "b.ndjson": '{"id":"2"}\n{"id":"3"}\n{"id":"1"}\n',
  });
  const args = ["--id-from", "id", "--batch", "1"];
  await push(hive, [topic, hive.at("a.ndjson"), ...args]);
  const text = await push(hive, [topic, hive.at("b.ndjson"), ...args]);
  assert.equal(
    [text.code, text.stdout, text.stderr],
    [0, "Published 1 event to OrderPlaced-, 2 dropped as duplicates.\n", ""],
  );
  const json = await push(hive, [topic, hive.at("b.ndjson"), ...args, "--json"]);
  const { runId: _, ...told } = JSON.parse(json.stdout);
  assert.equal(told, { pushed: 0, duplicates: 3, bad: 0, ended: true, lastLine: 3 });
});

test("duplicates are unknown where the provider does not report them", async () => {
  const answers = [2, undefined, 1];
  const queues = { push: async () => answers.shift() } as Partial<QueueOperator> as QueueOperator;
  const pusher = new Pusher(queues, 1, 0);
  const dropped: unknown[] = [];
  for (let n = 1; n <= 3; n++) {
    await pusher.add(new Event("OrderPlaced", n), n);
    dropped.push(pusher.dropped);
  }
  assert.equal([pusher.pushed, dropped], [3, [2, undefined, undefined]]);
});

test("a file larger than the memory is read as a stream", async () => {
  await using hive = await cliHive();
  const line = `{"id":"1","text":"${"x".repeat(2_000)}"}\n`;
  writeFileSync(hive.at("a.ndjson"), line.repeat(50_000));
  const ended = await push(hive, [topic, hive.at("a.ndjson"), "--dry-run"], { node: ["--max-old-space-size=64"] });
  assert.equal([ended.code, ended.stdout], [0, "Would publish 50000 events to OrderPlaced-.\n"], ended.stderr);
});

test("an interrupted pipe ends with 130 and the last line", async () => {
  await using hive = await cliHive();
  using running = startCli(
    ["push", topic, "-", "--schema-version", "1", "--provider", hive.url, "--batch", "1", "--json"],
    { keepInput: true },
  );
  running.child.stdin.write('{"id":"1"}\n{"id":"2"}\n');
  while ((await counts(hive)) < 2) await new Promise(setImmediate);
  running.signal("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  assert.is(code, 130, stderr);
  const { runId: _, ...told } = JSON.parse(stdout);
  assert.equal(told, { pushed: 2, duplicates: 0, bad: 0, ended: false, lastLine: 2 });
  assert.match(stderr, /To go on: --from-line 3/);
});

test.run();
