import { Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, folderWith, startCli, type Running } from "../support/cli.ts";
import { cliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive run", { timeoutMs: 60_000 });

const shop = "test/cli/modules/shop.ts";
const slow = "test/cli/modules/slow.ts";

test("actors work until a signal, which ends with 0", async () => {
  await using hive = await cliHive();
  using running = startCli(["run", shop, "--provider", hive.url]);
  await running.says("Working on 2 queues (sqlite).");
  await hive.provider.queues.push([new Event("OrderPlaced", { id: "1" })]);
  await Promise.all([running.says("packed 1"), running.says("mailed")]);
  running.signal("SIGTERM");
  const { code, stderr } = await running.ended;
  assert.is(code, 0, stderr);
  assert.match(stderr, /SIGTERM: stopping/);
});

/** Starts the slow actors with an event, and interrupts them while they handle it. */
async function interrupted(url: string, actors: string, ...more: string[]): Promise<Running> {
  const running = startCli(["run", slow, "--provider", url, "--actors", actors, ...more]);
  await running.says("began");
  running.signal("SIGINT");
  await running.says("stopping");
  return running;
}

test("an actor finishes its event after a signal", async () => {
  await using hive = await cliHive();
  await cli(["setup", slow, "--provider", hive.url]);
  await hive.provider.queues.push([new Event("OrderPlaced", {})]);
  const { code, stdout } = await (await interrupted(hive.url, "SlowActor")).ended;
  assert.equal([code, stdout], [0, "began\nfinished\n"]);
  assert.is((await hive.take("OrderPlaced-Slow")).length, 0);
});

test("a deadline or a second signal ends a stuck actor", async () => {
  await using hive = await cliHive();
  await cli(["setup", slow, "--provider", hive.url]);
  await hive.provider.queues.push([new Event("OrderPlaced", {})]);
  using patient = await interrupted(hive.url, "OrderPlaced-Endless", "--stop-deadline", "50");
  assert.is((await patient.ended).code, 0);
  using impatient = await interrupted(hive.url, "OrderPlaced-Endless");
  impatient.signal("SIGINT");
  assert.is((await impatient.ended).code, 130);
});

test("a stop by supervision ends with 1 and a masked reason", async () => {
  await using hive = await cliHive();
  const stopping = "test/cli/modules/stopping.ts";
  await cli(["setup", stopping, "--provider", hive.url]);
  await hive.provider.queues.push([new Event("OrderPlaced", {})]);
  const { code, stdout, stderr } = await cli([
    "run",
    stopping,
    "--provider",
    hive.url,
    "--log-level",
    "silent",
    "--json",
  ]);
  assert.is(code, 1);
  assert.match(stderr, /error: the hive was stopped: the disk is gone, password=\*\*\*/);
  const [connected, started, ended] = stdout.trim().split("\n");
  assert.is(connected, "connected", "the function among the exports was called");
  assert.equal(JSON.parse(started ?? ""), { state: "running", provider: "sqlite", queues: ["OrderPlaced-Stopping"] });
  assert.equal(JSON.parse(ended ?? ""), { state: "stopped", reason: "the disk is gone, password=***" });
});

test("run serves the probes at the given port", async () => {
  await using hive = await cliHive();
  using running = startCli(["run", shop, "--provider", hive.url, "--health-port", "0", "--json"]);
  await running.says("healthPort");
  const { healthPort } = JSON.parse(running.said()) as { healthPort: number };
  const [live, ready] = await Promise.all(
    ["live", "ready"].map((path) => fetch(`http://127.0.0.1:${healthPort}/${path}`)),
  );
  assert.equal([live?.status, ready?.status], [200, 200]);
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
});

test("a worker that cannot run ends with 2 and a message", async () => {
  using folder = folderWith({
    "plain.ts": "export const level: string = 'x';",
    "broken.mjs": "import './nowhere.mjs';",
    "thrown.mjs": `import { EventEmitter } from "node:events"; const fail = () => { throw new Error("the container has no bank"); };
      new EventEmitter().on("open", fail).emit("open");`,
    "empty.mjs": "export const nothing = 1;",
  });
  const at = { cwd: folder.path };
  const results = await Promise.all([
    cli(["run"], at),
    cli(["run", "none.ts"], at),
    cli(["run", "broken.mjs"], at),
    cli(["run", "thrown.mjs"], at),
    cli(["run", "empty.mjs"], at),
    cli(["run", shop, "--actors", "PackingActor,Nobody"]),
    cli(["run", shop, "--health-port", "99999", "--log-level", "loud"]),
    cli(["run", shop, "--topology", "check"], { environment: { BEEHIVE_PROVIDER: `sqlite:${folder.at("x.db")}` } }),
  ]);
  const expected = [
    /Name a module/,
    /There is no file none\.ts/,
    /broken\.mjs cannot be imported: .*nowhere\.mjs/,
    /thrown\.mjs cannot be imported: the container has no bank\n\s+at .*thrown\.mjs:1/,
    /empty\.mjs export no actor, no pulser/,
    /No actor is called Nobody\. There are: MailActor, OrderPlaced-Mail, PackingActor, OrderPlaced-Packing/,
    /--health-port: must be at most 65535, not "\d+"\n--log-level: must be debug/,
  ];
  for (const [index, pattern] of expected.entries()) {
    const { code, stdout, stderr } = results[index] as (typeof results)[number];
    assert.equal([code, stdout], [2, ""], stderr);
    assert.match(stderr, pattern);
  }
  assert.not.match(results[3]?.stderr ?? "", "node:events", "places of Node itself are not shown");
  const unchecked = results.at(-1);
  assert.is(unchecked?.code, 1);
  assert.match(unchecked?.stderr ?? "", /OrderPlaced-Packing/);
});

test("the sample shop runs by its module", async () => {
  await using hive = await cliHive();
  using running = startCli([
    "run",
    "samples/prismo/hive.ts",
    "--provider",
    hive.url,
    "--actors",
    "PaymentActor,RefundActor",
  ]);
  await running.says("Working on 2 queues");
  await hive.provider.queues.push([new Event("OrderAccepted", { orderId: "none" })]);
  // The actor looked for the order, so its gateway was injected.
  await running.says('There is no \\"none\\" in collection/Orders');
  running.signal("SIGINT");
  assert.is((await running.ended).code, 0);
});

test.run();
