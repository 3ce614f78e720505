/** Commands with a module that only publishes. */
import { createHive, Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, folderWith, type Ended } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("modules that only publish", { timeoutMs: 60_000 });

const web = 'export const hive = { publishes: ["OrderPaid", "Invoices-Invoices"] };';

test("commands know the topics and queues of publishes", async () => {
  using folder = folderWith({ "web.mjs": web });
  const environment = { BEEHIVE_PROVIDER: `sqlite:${folder.at("hive.db")}`, BEEHIVE_MODULES: "web.mjs" };
  const run = (...args: string[]): Promise<Ended> => cli(args, { cwd: folder.path, environment });

  assert.is((await run("setup", "--check")).code, 1);
  const made = await run("setup", "--json");
  assert.equal(
    (JSON.parse(made.stdout) as { name: string; state: string }[]).map(({ name, state }) => `${name} ${state}`),
    ["OrderPaid- made", "Invoices made"],
  );
  await using hive = await createHive({
    provider: environment.BEEHIVE_PROVIDER,
    topology: "check",
    publishes: ["OrderPaid", "Invoices-Invoices"],
  });
  await hive.start();
  await hive.push([new Event("OrderPaid"), new Event("Invoice", {}, { queueName: "Invoices" })]);
  await hive.stop();

  const queues = await run("queues", "--json");
  assert.equal(
    (JSON.parse(queues.stdout) as { queue: string; ready: number }[]).map(({ queue, ready }) => [queue, ready]),
    [["Invoices", 1]],
  );
  const [graph, config, nothing] = await Promise.all([run("graph", "--json"), run("config"), run("run")]);
  const { publications, actors } = JSON.parse(graph.stdout) as { publications: unknown[]; actors: unknown[] };
  assert.equal([publications.length, actors.length], [2, 0]);
  assert.is(config.code, 0);
  assert.is(nothing.code, 2);
  assert.match(nothing.stderr, "These modules only publish, so there is nothing to run.");
});

test("a policy includes the right to publish", async () => {
  using folder = folderWith({ "web.mjs": web });
  const { code, stdout, stderr } = await cli(["policy", folder.at("web.mjs"), "--provider", "aws:?prefix=shop"]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /sns:Publish[^]*shop-OrderPaid/);
  assert.match(stdout, /sqs:SendMessage[^]*shop-Invoices/);
});

test("a policy includes what a source publishes, and its place", async () => {
  using folder = folderWith({
    "source.mjs": 'export const hive = { sources: [{ name: "orders", publishes: ["OrderPlaced"], start() {} }] };',
  });
  const policyFor = (provider: string): Promise<Ended> =>
    cli(["policy", folder.at("source.mjs"), "--provider", provider]);
  const [aws, azure, postgres] = await Promise.all(
    ["aws:?prefix=shop", "azure:", "postgres://ada@db/shop"].map(policyFor),
  );
  assert.equal([aws?.code, azure?.code, postgres?.code], [0, 0, 0]);
  assert.match(aws?.stdout ?? "", /sns:Publish[^]*shop-OrderPlaced[^]*dynamodb:PutItem/);
  assert.match(azure?.stdout ?? "", "Storage Table Data Contributor");
  assert.match(postgres?.stdout ?? "", /GRANT .*INSERT/);
});

test("pulsers without actors have no findings", async () => {
  using folder = folderWith({
    "clock.mjs": `import { pulse } from ${JSON.stringify(import.meta.resolve("beehive-actors"))};
export const minutes = pulse("MinutePassed", { every: 60_000 });`,
  });
  const { code, stdout } = await cli(["lint", folder.at("clock.mjs"), "--json", "--ignore", "event-without-schema"]);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), { errors: 0, warnings: 0, findings: [] });
});

test.run();
