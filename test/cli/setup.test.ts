import { existsSync, readFileSync } from "node:fs";
import { openProvider, QueueName, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, folderWith } from "../support/cli.ts";
import { cliHive, packing } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive setup, policy and backup", { timeoutMs: 60_000 });

const shop = "test/cli/modules/shop.ts";

test("missing queues are checked, previewed and created", async () => {
  using folder = folderWith();
  const environment = { BEEHIVE_PROVIDER: `sqlite:${folder.at("hive.db")}` };
  const setup = async (...args: string[]): Promise<[number | null, string[]]> => {
    const { code, stdout, stderr } = await cli(["setup", shop, "--json", ...args], { environment });
    assert.is(stderr, "");
    return [
      code,
      (JSON.parse(stdout) as { name: string; state: string }[]).map(({ name, state }) => `${name} ${state}`).toSorted(),
    ];
  };
  const all = (state: string): string[] =>
    ["OrderPacked-", "OrderPlaced-", "OrderPlaced-Mail", packing].map((name) => `${name} ${state}`);
  assert.equal(await setup("--check"), [1, all("missing")]);
  assert.equal(await setup("--dry-run"), [0, all("to be made")]);
  assert.is(existsSync(folder.at("hive.db")), false, "who looks makes no file");
  assert.equal(await setup(), [0, all("made")]);
  assert.equal(await setup("--check"), [0, all("there")]);
  assert.equal(await setup(), [0, all("there")]);
});

test("the queue of an actor left out is not created", async () => {
  using folder = folderWith({ "beehive.config.json": `{"overrides":{"MailActor":{"enabled":false}}}` });
  const args = [
    "setup",
    shop,
    "--config",
    folder.at("beehive.config.json"),
    "--provider",
    `sqlite:${folder.at("x.db")}`,
  ];
  const { stdout } = await cli(args);
  assert.match(stdout, /OrderPlaced-Packing +subscription +made/);
  assert.not.match(stdout, /Mail/);
});

test("the policy of aws: has the names of the URL", async () => {
  const { code, stdout } = await cli([
    "policy",
    shop,
    "--provider",
    "aws:?region=eu-west-1&prefix=shop",
    "--account",
    "123456789012",
  ]);
  assert.is(code, 0);
  const { Version, Statement } = JSON.parse(stdout) as {
    Version: string;
    Statement: { Sid: string; Resource: unknown }[];
  };
  assert.is(Version, "2012-10-17");
  const consume = Statement.find(({ Sid }) => Sid === "Consume");
  assert.ok(
    JSON.stringify(consume).includes("arn:aws:sqs:eu-west-1:123456789012:shop-OrderPlaced-Packing"),
    JSON.stringify(consume),
  );
  assert.not.ok(Statement.some(({ Sid }) => Sid === "SetUpQueues"));
});

test("a policy for any region and account explains how to name them", async () => {
  const open = await cli(["policy", shop, "--provider", "aws:?prefix=shop"]);
  assert.is(open.code, 0);
  assert.match(open.stderr, /any region: name one.*any account: name yours, --account/);
  const named = ["policy", shop, "--provider", "aws:?region=eu-west-1", "--account", "123456789012"];
  assert.not.match((await cli(named)).stderr, /The policy holds/);
});

test("a policy without stores has no rights to them unless asked", async () => {
  const args = ["policy", shop, "--provider", "aws:?region=eu-west-1&bucket=data"];
  const [without, all] = await Promise.all([cli(args), cli([...args, "--stores"])]);
  assert.not.match(without.stdout, /dynamodb:UpdateItem|s3:/);
  // To follow operators, and to send heartbeats.
  assert.match(without.stdout, /dynamodb:Query/);
  assert.match(all.stdout, /dynamodb:UpdateItem/);
  assert.match(all.stdout, /s3:GetObject/);
});

test("azure: has roles, and other providers no policy", async () => {
  const [roles, setup, stores, none] = await Promise.all([
    cli(["policy", shop, "--provider", "azure:"]),
    cli(["policy", shop, "--provider", "azure:", "--setup", "--json"]),
    cli(["policy", shop, "--provider", "azure:", "--stores"]),
    cli(["policy", shop, "--provider", "sqlite:x.db"]),
  ]);
  assert.match(roles.stdout, /Azure Service Bus Data Receiver +Service Bus namespace/);
  const names = (JSON.parse(setup.stdout) as { role: string }[]).map(({ role }) => role);
  assert.equal(names, ["Azure Service Bus Data Owner", "Storage Table Data Contributor"]);
  assert.match(stores.stdout, /Storage Table Data Contributor +storage account[^]*Storage Blob Data Contributor/);
  assert.equal([none.code, none.stdout], [2, ""]);
});

test("a backup is complete and overwrites nothing", async () => {
  await using hive = await cliHive({ "there.db": "mine" });
  await cli(["push", "OrderPlaced-", "-", "--schema-version", "1", "--provider", hive.url], { input: '{"id":"1"}' });
  const made = await cli(["backup", hive.at("copy.db"), "--provider", hive.url]);
  assert.is(made.code, 0, made.stderr);
  const copy = await openProvider(`sqlite:${hive.at("copy.db")}`, { clock: systemClock });
  assert.is((await copy.queues.counts(QueueName.parse(packing))).ready, 1);
  await copy.close();

  const refused = await cli(["backup", hive.at("there.db"), "--provider", hive.url]);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, /exists already/);
  assert.is(readFileSync(hive.at("there.db"), "utf8"), "mine");

  const wrong = await cli(["backup", hive.at("none.db"), "--provider", "memory:"]);
  assert.is(wrong.code, 2);
  assert.not(existsSync(hive.at("none.db")));
});

test.run();
