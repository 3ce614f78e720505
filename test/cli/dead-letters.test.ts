import { Event, QueueName, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { Acts } from "../../src/controls/acts.ts";
import { choose } from "../../src/cli/dead-letters/choice.ts";
import { requeueInSteps } from "../../src/hive/letters/requeue-steps.ts";
import { cli, startCli, type Ended } from "../support/cli.ts";
import { cliHive, packing, type CliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive dead-letters", { timeoutMs: 60_000 });

const name = QueueName.parse(packing);
const letters = (hive: CliHive, args: readonly string[]): Promise<Ended> =>
  cli(["dead-letters", ...args, "--provider", hive.url]);

/** Starts a shop with `count` dead letters, from `dead-0` on. */
async function withDead(count: number, change?: Parameters<CliHive["bury"]>[1]): Promise<CliHive> {
  const hive = await cliHive();
  const events = Array.from(
    { length: count },
    (_, index) => new Event("OrderPlaced", { id: index, token: "body-text" }, { id: `dead-${index}` }),
  );
  await hive.provider.queues.push(events);
  await hive.bury(packing, change);
  return hive;
}

async function deadIds(hive: CliHive): Promise<string[]> {
  const ids: string[] = [];
  for await (const { event } of hive.provider.queues.deadLetters(name)) ids.push(event.id);
  return ids;
}

test("list prints each dead letter with its reason", async () => {
  await using hive = await withDead(3);
  const [text, json] = await Promise.all([
    letters(hive, ["list", packing]),
    letters(hive, ["list", packing, "--json", "--limit", "2"]),
  ]);
  assert.equal([text.code, json.code], [0, 0]);
  const [titles = "", ...rows] = text.stdout.trim().split("\n");
  assert.match(titles, /^LETTER +EVENT +TYPE +DEAD SINCE +ATTEMPTS +ERROR +REASON$/);
  assert.is(rows.length, 3);
  assert.match(rows[0] ?? "", /^letter-1 +dead-0 +OrderPlaced +\S+Z +3 +TypeError +it is broken$/);
  const records = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    records.map(({ letterId, id, actor, attempts }) => [letterId, id, actor, attempts]),
    [
      ["letter-1", "dead-0", "PackingActor", 3],
      ["letter-2", "dead-1", "PackingActor", 3],
    ],
  );
  assert.not.match(json.stdout, /body-text/, "bodies are for show");
  assert.match(json.stderr, /more than 2/);
});

test("control characters in letters are escaped", async () => {
  await using hive = await cliHive();
  const evil = "\u001b[2J\u009b31m\u0007";
  const other = new Event("OrderPlaced", evil, { id: "evil", contentType: "text/plain", partitionKey: "k" });
  // Foreign events are not checked by a constructor.
  const foreign = Event.fromRecord({ ...other.toRecord(), id: `${evil}\nforged`, correlationId: evil });
  await hive.provider.queues.push([other, foreign]);
  await hive.bury(packing, () => ({ reason: `broken ${evil}\nin two lines` }));
  const shown = await Promise.all([
    letters(hive, ["list", packing]),
    letters(hive, ["show", packing, "evil"]),
    letters(hive, ["show", packing, foreign.id]),
    letters(hive, ["drop", packing, "--all", "--dry-run"]),
    letters(hive, ["requeue", packing, `${evil} nobody`]),
  ]);
  for (const { stdout, stderr } of shown) {
    // oxlint-disable-next-line no-control-regex -- they are what it looks for
    assert.not.match(`${stdout}${stderr}`, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    assert.match(`${stdout}${stderr}`, String.raw`\u001b[2J\u009b31m\u0007`);
    assert.not.match(stdout, /^forged/m, "an id is one line");
  }
});

test("all given filters must match", async () => {
  const facts = [
    { reason: "The BANK is down", errorName: "BankIsDown", lastSeen: new Date("2026-03-01T10:00:00Z") },
    { reason: "the bank is down", errorName: "TypeError", lastSeen: new Date("2026-03-01T12:00:00Z") },
    { reason: "no such product", errorName: "TypeError", lastSeen: new Date("2026-03-01T14:00:00Z") },
  ];
  await using hive = await withDead(3, (event) => facts[event.getBody<{ id: number }>().id] ?? {});
  const found = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await letters(hive, ["list", packing, "--json", ...args]);
    return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).id]));
  };
  const results = await Promise.all([
    found("--reason", "bank"),
    found("--error", "TypeError"),
    found("--error", "TypeError", "--reason", "bank"),
    found("--since", "2026-03-01T12:00Z"),
    found("--since", "2026-03-01T12:00Z", "--until", "2026-03-01T14:00Z"),
    found("--actor", "MailActor"),
    found("--type", "OrderPlaced", "--limit", "1", "--since", "10000d"),
  ]);
  assert.equal(results, [
    ["dead-0", "dead-1"],
    ["dead-1", "dead-2"],
    ["dead-1"],
    ["dead-1", "dead-2"],
    ["dead-1"],
    [],
    ["dead-0"],
  ]);
});

test("show prints the whole letter and cuts its body", async () => {
  await using hive = await withDead(1, () => ({ reason: "denied: password=hunter2" }));
  const [text, json, none] = await Promise.all([
    letters(hive, ["show", packing, "dead-0"]),
    letters(hive, ["show", packing, "dead-0", "--json", "--max-body", "9"]),
    letters(hive, ["show", packing, "dead-9"]),
  ]);
  assert.is(text.code, 0);
  for (const fact of [
    "dead-0",
    "OrderPlaced",
    "PackingActor",
    "3, from ",
    "shop.ts:1:1",
    '{"id":0,"token":"body-text"}',
    "password=***",
  ])
    assert.ok(text.stdout.includes(fact), `${fact}\n${text.stdout}`);
  const { body, cut, event } = JSON.parse(json.stdout);
  assert.equal([body, cut, event.eventType], ['{"id":0,"', 19, "OrderPlaced"]);
  assert.not.match(text.stdout + json.stdout, /hunter2/);
  assert.equal([none.code, none.stdout], [1, ""]);
  assert.match(none.stderr, /hold no event dead-9/);
});

test("one id requeues or drops that letter, which is recorded", async () => {
  await using hive = await withDead(3);
  const back = await letters(hive, ["requeue", packing, "dead-0", "--as", "ada"]);
  assert.equal([back.code, back.stdout], [0, "Requeued 1 of 1.\n"]);
  const gone = await letters(hive, ["drop", packing, "dead-1", "--yes", "--as", "bob"]);
  assert.equal([gone.code, gone.stdout], [0, "Dropped 1 of 1.\n"]);
  assert.equal(await deadIds(hive), ["dead-2"]);
  assert.equal(
    (await hive.take(packing)).map(({ id }) => id),
    ["dead-0"],
  );
  const acts: unknown[] = [];
  for await (const { by, act, on, detail } of new Acts(hive.provider.stores, systemClock).read())
    acts.push([by, act, on, detail]);
  assert.equal(acts, [
    ["bob", "drop", packing, "dead-1"],
    ["ada", "requeue", packing, "dead-0"],
  ]);
});

test("a dry run, no choice or no terminal changes nothing", async () => {
  await using hive = await withDead(2);
  const results = await Promise.all([
    letters(hive, ["requeue", packing, "--all", "--dry-run", "--json"]),
    letters(hive, ["drop", packing, "--error", "TypeError", "--dry-run"]),
    letters(hive, ["requeue", packing]),
    letters(hive, ["drop", packing, "dead-0", "--all", "--yes"]),
    letters(hive, ["drop", packing, "--all"]),
  ]);
  assert.equal(
    results.map(({ code }) => code),
    [0, 0, 2, 2, 2],
  );
  assert.equal(JSON.parse(results[0]?.stdout ?? ""), {
    dryRun: true,
    ids: ["dead-0", "dead-1"],
    letterIds: ["letter-1", "letter-2"],
  });
  assert.is(results[1]?.stdout, "Would drop 2.\nletter-1 dead-0\nletter-2 dead-1\n");
  assert.match(results[2]?.stderr ?? "", /Name the dead letters/);
  assert.match(results[4]?.stderr ?? "", /There is no terminal to ask on: add --yes/);
  assert.equal(await deadIds(hive), ["dead-0", "dead-1"]);
});

test("requeueing everything goes in steps until none is left", async () => {
  await using hive = await withDead(15);
  using running = startCli(["dead-letters", "requeue", packing, "--all", "--json", "--provider", hive.url]);
  const batches: number[] = [];
  while (batches.reduce((sum, size) => sum + size, 0) < 15) {
    const taken = await hive.take(packing);
    if (taken.length > 0) batches.push(taken.length);
    await new Promise(setImmediate);
  }
  const { code, stdout } = await running.ended;
  assert.equal([code, JSON.parse(stdout)], [0, { requeued: 15, of: 15, end: "done", again: [] }]);
  assert.is(batches[0], 1, "the first goes alone");
  assert.equal(await deadIds(hive), []);
});

test("requeueing stops after the first event that fails again", async () => {
  await using hive = await withDead(15);
  using running = startCli(["dead-letters", "requeue", packing, "--all", "--json", "--provider", hive.url]);
  let ended = false;
  void running.ended.then(() => (ended = true));
  while (!ended) {
    await hive.bury(packing);
    await new Promise(setImmediate);
  }
  const { code, stdout, stderr } = await running.ended;
  assert.equal([code, JSON.parse(stdout)], [1, { requeued: 1, of: 15, end: "dead again", again: ["dead-0"] }]);
  assert.match(stderr, /dead-0 failed again/);
  assert.is((await deadIds(hive)).length, 15);
});

test("requeueing without workers ends after --wait", async () => {
  await using hive = await withDead(3);
  const waited = await letters(hive, ["requeue", packing, "--all", "--wait", "0"]);
  assert.is(waited.code, 1);
  assert.match(waited.stderr, /not settled yet/);
  assert.is((await deadIds(hive)).length, 2);
  const all = await letters(hive, ["requeue", packing, "--all", "--no-steps"]);
  assert.equal([all.code, all.stdout], [0, "Requeued 2 of 2.\n"]);
});

test("a last step that fails again ends with 1", async () => {
  await using hive = await withDead(1);
  using running = startCli(["dead-letters", "requeue", packing, "--all", "--json", "--provider", hive.url]);
  let ended = false;
  void running.ended.then(() => (ended = true));
  while (!ended) {
    await hive.bury(packing);
    await new Promise(setImmediate);
  }
  const { code, stdout, stderr } = await running.ended;
  assert.equal([code, JSON.parse(stdout)], [1, { requeued: 1, of: 1, end: "dead again", again: ["dead-0"] }]);
  assert.match(stderr, /dead-0 failed again/);
});

test("the id of a letter chooses among letters of one event", async () => {
  await using hive = await cliHive();
  const of = (source: string): Event => new Event("OrderPlaced", source, { id: "1", properties: { source } });
  await hive.provider.queues.push([of("/a"), of("/b"), of("/c")]);
  await hive.bury(packing);
  const shown = await letters(hive, ["show", packing, "letter-2"]);
  assert.match(shown.stdout, /^letter +letter-2\nevent +1\n/);
  assert.match(shown.stdout, /"\/b"$/m);
  const back = await letters(hive, ["requeue", packing, "letter-2"]);
  assert.equal([back.code, back.stdout], [0, "Requeued 1 of 1.\n"]);
  assert.equal(
    (await hive.take(packing)).map((event) => event.getBody()),
    ["/b"],
  );
  const none = await letters(hive, ["show", packing, "letter-2"]);
  assert.equal([none.code, none.stdout], [1, ""]);
  assert.match(none.stderr, /hold no letter letter-2/);
});

test("a signal ends requeueing in steps", async () => {
  await using hive = await withDead(3);
  const controller = new AbortController();
  let requeued = 0;
  const end = await requeueInSteps(await choose(hive.provider.queues, name, { all: true }), {
    queues: hive.provider.queues,
    name,
    clock: { now: () => 0, after: () => ({ cancel() {} }) },
    signal: controller.signal,
    waitMs: 1_000,
    onRequeued: (count) => {
      requeued += count;
      controller.abort();
    },
  });
  assert.equal([end, requeued], [{ end: "interrupted" }, 1]);
});

test.run();
