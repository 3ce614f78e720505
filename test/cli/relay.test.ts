import { setTimeout as sleep } from "node:timers/promises";
import { createHive, createRelay, Event, openProvider, QueueName, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { actor } from "../../src/testing/contracts/hive/harness.ts";
import { cli, folderWith, startCli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

/** How often the relay is killed. */
const kills = Number(process.env["BEEHIVE_KILLS"] ?? 5);

const test = suite("beehive relay", { timeoutMs: 120_000 + kills * 10_000 });

test("a relay that is killed loses nothing and repeats no id", async () => {
  using folder = folderWith();
  const [from, to] = [`sqlite:${folder.at("outbox.db")}`, `sqlite:${folder.at("hive.db")}`];
  const keys = new Map<string, number[]>();
  const reader = actor(
    "Paid-Read",
    (event) => {
      const key = event.partitionKey ?? "";
      keys.set(key, [...(keys.get(key) ?? []), event.getBody<number>()]);
    },
    { ordered: true },
  );
  await using readers = await createHive({ actors: reader, provider: to });
  await readers.start();
  const start = (): ReturnType<typeof startCli> => startCli(["relay", "Paid", "--from", from, "--to", to, "--json"]);
  using first = start();
  await first.says("running");
  await using web = await createHive({ publishes: ["Paid"], provider: from, topology: "check" });
  await web.start();

  const [events, keyCount] = [600, 20];
  const pushed = (async () => {
    for (let number = 0; number < events; number++)
      await web.push(new Event("Paid", number, { id: `paid-${number}`, partitionKey: `key-${number % keyCount}` }));
  })();
  await sleep(Math.random() * 300);
  first.signal("SIGKILL");
  await first.ended;
  for (let kill = 1; kill < kills; kill++) {
    using next = start();
    await next.says("running");
    await sleep(Math.random() * 300);
    next.signal("SIGKILL");
    await next.ended;
  }
  await pushed;
  using last = start();
  await last.says("running");
  while ([...keys.values()].flat().length < events) await sleep(20);
  last.signal("SIGTERM");
  assert.is((await last.ended).code, 0);
  assert.equal(await web.queue("Paid-Relay").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  await readers.whenIdle();
  const expected = (key: number): number[] =>
    Array.from({ length: events }, (_, number) => number).filter((number) => number % keyCount === key);
  for (let key = 0; key < keyCount; key++) assert.equal(keys.get(`key-${key}`), expected(key), `key-${key}`);
});

test("a relay takes its topics from modules, and probes are served", async () => {
  using folder = folderWith({
    "web.mjs": 'export const hive = { publishes: ["Paid", "Invoices-Invoices"] };',
    "beehive.config.json": JSON.stringify({
      modules: ["web.mjs"],
      relay: { from: "sqlite:outbox.db", to: "sqlite:hive.db" },
      health: { port: 0 },
    }),
  });
  const at = { cwd: folder.path };
  assert.is((await cli(["setup", "--provider", `sqlite:${folder.at("hive.db")}`], at)).code, 0);
  using relay = startCli(["relay", "--json"], at);
  await relay.says("healthPort");
  const line = JSON.parse(relay.said()) as { queues: string[]; healthPort: number };
  assert.equal(line.queues, ["Paid-Relay", "Invoices"]);
  assert.is((await fetch(`http://127.0.0.1:${line.healthPort}/ready`)).status, 200);
  await using web = await createHive({ provider: `sqlite:${folder.at("outbox.db")}` });
  await web.push(new Event("Invoice", {}, { id: "1", queueName: "Invoices" }));
  const provider = await openProvider(`sqlite:${folder.at("hive.db")}`, { clock: systemClock });
  while ((await provider.queues.counts(QueueName.queue("Invoices"))).ready === 0) await sleep(20);
  await provider.close();
  relay.signal("SIGTERM");
  assert.is((await relay.ended).code, 0);
});

test("a relay that cannot run ends with a message", async () => {
  using folder = folderWith({ "idle.mjs": "export const hive = { publishes: [] }; export class A {}" });
  const hive = `sqlite:${folder.at("hive.db")}`;
  await (await createRelay({ from: hive, to: "memory:", topics: ["Paid"] })).stop();
  const results = await Promise.all([
    cli(["relay", "Paid", "--from", hive]),
    cli(["relay", "--from", hive, "--to", hive]),
    cli(["relay", "Paid", "--from", hive, "--to", hive]),
    cli(["relay", "Paid", "--from", hive, "--to", "memory:"]),
    cli(["relay", "Paid", "--from", hive, "--to", `sqlite:${folder.at("none.db")}`]),
  ]);
  const expected = [
    /Name two providers: --from/,
    /Name the topics to relay/,
    /from and to are the same/,
    /memory: belongs to one process/,
    /There is no file .*none\.db/,
  ];
  for (const [index, pattern] of expected.entries()) {
    assert.is(results[index]?.code, 2);
    assert.match(results[index]?.stderr ?? "", pattern);
  }
});

test.run();
