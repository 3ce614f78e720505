import { Event, QueueName } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, type Ended } from "../support/cli.ts";
import { cliHive, packing, type CliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive peek, purge, cancel, groups, edit, export", { timeoutMs: 60_000 });

const run = (hive: CliHive, ...args: readonly string[]): Promise<Ended> => cli([...args, "--provider", hive.url]);
const later = new Date(Date.now() + 3_600_000);

function order(id: string, options: object = {}): Event {
  return new Event("OrderPlaced", { id, secret: "body-text" }, { id, ...options });
}

test("peek shows events, and bodies only when asked to", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([order("first"), order("late", { enqueueTime: later })]);
  const [text, bodies, json, one] = await Promise.all([
    run(hive, "peek", packing),
    run(hive, "peek", packing, "--bodies"),
    run(hive, "peek", packing, "--json", "--limit", "1"),
    run(hive, "peek", packing, "--id", "late"),
  ]);
  assert.match(
    text.stdout,
    /^STATE +EVENT +TYPE +ATTEMPTS +DUE +KEY\nready +first +OrderPlaced +0 +- +-\ndelayed +late/,
  );
  assert.not.match(text.stdout, "body-text");
  assert.match(bodies.stdout, "body-text");
  const [shown, ...more] = JSON.parse(json.stdout);
  assert.equal([shown.id, shown.state, shown.body, more.length], ["first", "ready", undefined, 0]);
  assert.match(one.stdout, /\ndelayed +late/);
  assert.equal((await hive.take(packing)).length, 1, "nothing was leased");
});

test("peek says what an event of a key waits for", async () => {
  await using hive = await cliHive();
  const name = QueueName.parse(packing);
  await hive.provider.queues.ensure([{ name, ordered: true, leaseMs: 30_000, maxAttempts: 10 }]);
  await hive.provider.queues.push(["a", "b", "c"].map((id) => order(id, { partitionKey: "k" })));
  const request = { max: 1, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal };
  const [lease] = await hive.provider.queues.lease(name, request);
  if (lease) await hive.provider.queues.abandon(lease, { delayMs: 600_000, countAttempt: true });
  const { stdout } = await run(hive, "peek", packing, "--id", "c");
  assert.match(stdout, /It waits behind a, which is delayed until \S+Z, tried once, with 1 more in front\./);
});

test("purge asks, and with --yes deletes what waits", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([order("a"), order("b", { enqueueTime: later })]);
  const dry = await run(hive, "purge", packing, "--dry-run");
  assert.match(dry.stdout, "Would delete 2 events.");
  assert.is((await run(hive, "purge", packing)).code, 2, "there is no terminal to ask on");
  const purged = await run(hive, "purge", packing, "--yes", "--as", "ada");
  assert.equal([purged.code, purged.stdout], [0, "Deleted 2.\n"]);
  const acts = await run(hive, "acts");
  assert.match(acts.stdout, /ada +purge +OrderPlaced-Packing +2 events/);
});

test("cancel takes an id or a key, and fails when there is none", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([order("a", { cancelKey: "hold-17" }), order("b")]);
  const byKey = await run(hive, "cancel", "--key", "hold-17");
  assert.equal([byKey.code, byKey.stdout], [0, "Cancelled 2.\n"], "one for each subscription");
  assert.equal((await run(hive, "cancel", "--key", "hold-17")).code, 1);
  assert.equal((await run(hive, "cancel", "--id", "b", "--json")).stdout, '{\n  "cancelled": 2\n}\n');
  assert.equal((await run(hive, "cancel")).code, 2);
});

test("groups counts letters by cause, and requeue takes a group", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push(["o-1", "o-2", "o-3"].map((id) => order(id)));
  await hive.bury(packing, ({ id }) =>
    id === "o-3" ? { errorName: "BankIsDown" } : { errorName: "TypeError", reason: `no stock of "${id}" at 17:03` },
  );
  const { stdout } = await run(hive, "dead-letters", "groups", packing, "--json");
  const [first, second] = JSON.parse(stdout);
  assert.equal([first.errorName, first.count, second.errorName, second.count], ["TypeError", 2, "BankIsDown", 1]);
  const requeued = await run(hive, "dead-letters", "requeue", packing, "--group", second.key, "--no-steps");
  assert.equal(requeued.stdout, "Requeued 1 of 1.\n");
  assert.equal(
    (await hive.take(packing)).map(({ id }) => id),
    ["o-3"],
  );
});

test("edit mends body, type and properties, and requeues", async () => {
  await using hive = await cliHive({ "body.json": '{"id":"a","currency":"EUR"}' });
  await hive.provider.queues.push([order("a", { properties: { old: 1 } })]);
  await hive.bury(packing);
  const change = ["--body", hive.at("body.json"), "--type", "OrderMended", "--set", "n=7", "--set", "old="];
  const dry = await run(hive, "dead-letters", "edit", packing, "letter-1", ...change, "--dry-run");
  assert.equal(JSON.parse(dry.stdout).body, { id: "a", currency: "EUR" });
  const { code, stdout } = await run(hive, "dead-letters", "edit", packing, "a", ...change, "--as", "ada");
  assert.equal([code, stdout], [0, "Requeued a.\n"]);
  const [event] = await hive.take(packing);
  assert.equal(
    [event?.id, event?.eventType, event?.getBody(), event?.properties],
    ["a", "OrderMended", { id: "a", currency: "EUR" }, { n: 7 }],
  );
  assert.match(
    (await run(hive, "acts")).stdout,
    /ada +requeue +OrderPlaced-Packing +a, mended: body, eventType, properties/,
  );
  assert.is((await run(hive, "dead-letters", "edit", packing, "a", "--type", "X")).code, 1, "the letter is gone");
});

test("export writes letters with their events as CloudEvents", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([order("a"), order("b")]);
  await hive.bury(packing);
  const { stdout } = await run(hive, "dead-letters", "export", packing);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    lines.map(({ letterId, errorName, event }) => [letterId, errorName, event.specversion, event.data.secret]),
    [
      ["letter-1", "TypeError", "1.0", "body-text"],
      ["letter-2", "TypeError", "1.0", "body-text"],
    ],
  );
});

test("setup --prune deletes what nobody reads", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([new Event("Invoice", 1, { queueName: "Invoices" })]);
  const prune = (...more: readonly string[]): Promise<Ended> =>
    run(hive, "setup", "test/cli/modules/shop.ts", "--prune", ...more);
  const dry = await prune("--dry-run", "--json");
  assert.equal(
    JSON.parse(dry.stdout).map(({ name, waiting }: { name: string; waiting: number }) => [name, waiting]),
    [["Invoices", 1]],
  );
  assert.is((await prune()).code, 2, "there is no terminal to ask on");
  assert.is((await prune("--yes")).code, 0);
  assert.equal((await hive.provider.queues.names?.())?.map(String).sort(), ["OrderPlaced-Mail", packing]);
});

test.run();
