import { createHive, Event, silentLogger, type Trace } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli } from "../support/cli.ts";
import { cliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";
import { PackingActor } from "./modules/shop.ts";

const test = suite("beehive trace", { timeoutMs: 60_000 });

test("a trace shows the history of an item as text and as JSON", async () => {
  await using shop = await cliHive();
  await using hive = await createHive({ actors: PackingActor, provider: shop.provider, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("OrderPlaced", { id: "7", broken: "type" }, { id: "placed-7", partitionKey: "7" }));
  await hive.whenIdle();
  await hive.stop();
  const provider = ["--provider", shop.url];
  const [text, json, dropped, nothing] = await Promise.all([
    cli(["trace", "7", ...provider]),
    cli(["trace", "placed-7", ...provider, "--json"]),
    cli(["trace", "7", ...provider, "--no-live"]),
    cli(["trace", "8", ...provider]),
  ]);
  assert.equal([text.code, text.stderr], [0, ""]);
  const lines = text.stdout
    .split("\n")
    .map((line) => line.replace(/\d{4}-[^)]*Z/, "TIME").replace(/\(after.*/, "(WHEN)"));
  assert.equal(lines, [
    "OrderPlaced placed-7 (TIME)",
    "  Mail: waiting",
    "  Packing: PackingActor → dead-lettered: Rejected: the order 7 is broken (WHEN)",
    "",
    "1 waiting at OrderPlaced-Mail, 1 in the dead letters at OrderPlaced-Packing",
    "",
  ]);
  const trace = JSON.parse(json.stdout) as Trace;
  assert.equal(
    trace.roots.flatMap(({ branches }) => branches.map(({ queueName, state }) => [queueName, state])),
    [
      ["OrderPlaced-Mail", "waiting"],
      ["OrderPlaced-Packing", "dead-lettered"],
    ],
  );
  assert.match(dropped.stdout, "the queues were not asked");
  assert.equal([nothing.code, nothing.stderr], [1, ""]);
  assert.match(nothing.stdout, 'No event, correlation id or business id is called "8"');
});

test("events of a push can be traced before an actor works on them", async () => {
  await using shop = await cliHive({ "orders.ndjson": '{"id":"8","customer":"ada"}\n' });
  const provider = ["--provider", shop.url];
  const key = ["--partition-key-from", "body.customer", "--id-from", "body.id"];
  assert.is(
    (await cli(["push", "OrderPlaced-", shop.at("orders.ndjson"), "--schema-version", "1", ...key, ...provider])).code,
    0,
  );
  const { code, stdout } = await cli(["trace", "ada", ...provider]);
  assert.is(code, 0);
  assert.match(stdout, /^OrderPlaced 8 /);
  assert.match(stdout, "Packing: waiting");
});

test("a journal that is off records no pushes", async () => {
  await using shop = await cliHive({ "orders.ndjson": '{"id":"8"}\n' });
  const provider = ["--provider", shop.url];
  const environment = { BEEHIVE_JOURNAL: "false" };
  const push = [
    "push",
    "OrderPlaced-",
    shop.at("orders.ndjson"),
    "--schema-version",
    "1",
    "--id-from",
    "body.id",
    ...provider,
  ];
  assert.is((await cli(push, { environment })).code, 0);
  assert.match(
    (await cli(["trace", "8", ...provider])).stdout,
    'No event, correlation id or business id is called "8"',
  );
});

test.run();
