import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHive, Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/base/clock.ts";
import { openProvider } from "../../src/hive/open-provider.ts";
import { cli, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import * as web from "../unit/analysis/graph/web.ts";

const test = suite("beehive graph", { timeoutMs: 60_000 });

const modules = [join(root, "test/unit/analysis/graph/web.ts")];
const golden = (name: string): Promise<string> => readFile(join(root, "test/golden/graph", name), "utf8");

for (const [format, file] of [
  ["mermaid", "web.mmd"],
  ["dot", "web.dot"],
  ["svg", "web.svg"],
] as const) {
  test(`${format} is printed and nothing else`, async () => {
    const { code, stdout } = await cli(["graph", ...modules, "--format", format]);
    assert.is(code, 0);
    assert.fixture(stdout, await golden(file));
  });
}

test("AsyncAPI has the name of the package", async () => {
  using folder = folderWith({ "package.json": JSON.stringify({ name: "shop", version: "2.1.0" }) });
  const { code, stdout } = await cli(["graph", ...modules, "--format", "asyncapi"], { cwd: folder.path });
  assert.is(code, 0);
  assert.match(stdout, "info:\n  title: shop\n  version: 2.1.0\n");
  assert.match(stdout, "AuditActor.receives.Rejected-Everything:");
});

test("several providers are servers; a folder has the schemas", async () => {
  using folder = folderWith({
    "schemas/Rejected/1.avsc": '{ "type": "record", "name": "Rejected", "fields": [] }',
  });
  const providers = ["--provider", "aws:?region=eu-west-1", "--provider", "azure:"];
  const command = ["graph", "--format", "asyncapi", ...providers, "--schemas", "schemas", ...modules];
  const { code, stdout, stderr } = await cli(command, { cwd: folder.path });
  assert.is(code, 0, stderr);
  assert.match(stdout, "host: sqs.eu-west-1.amazonaws.com");
  assert.match(stdout, 'host: "{namespace}.servicebus.windows.net"');
  assert.match(stdout, "contentType: application/avro");
});

test("the output's extension sets the format; --check compares it", async () => {
  using folder = folderWith();
  const picture = folder.at("web.svg");
  const check = ["graph", ...modules, "--output", picture, "--check"];
  assert.is((await cli(check)).code, 1);
  const written = await cli(["graph", ...modules, "--output", picture]);
  assert.is(written.code, 0);
  assert.is(written.stdout, "");
  assert.fixture(await readFile(picture, "utf8"), await golden("web.svg"));
  assert.is((await cli(check)).code, 0);
  await writeFile(picture, "an old picture");
  const stale = await cli(check);
  assert.is(stale.code, 1);
  assert.match(stale.stderr, "is not up to date");
  assert.is(await readFile(picture, "utf8"), "an old picture");
});

test("--json prints one JSON document", async () => {
  const { code, stdout } = await cli(["graph", ...modules, "--json", "--without", "AuditActor,BillingActor"]);
  assert.is(code, 0);
  const { actors, queues } = JSON.parse(stdout) as { actors: { name: string }[]; queues: { name: string }[] };
  assert.equal(
    actors.map(({ name }) => name),
    ["IntakeActor", "SplitActor", "ReportActor"],
  );
  assert.not.ok(queues.some(({ name }) => name === "Invoices"));
});

test("entries of the configuration come from outside", async () => {
  using folder = folderWith({ "beehive.config.json": JSON.stringify({ modules, entries: ["Rejected"] }) });
  const { stdout } = await cli(["graph", "--direction", "down"], { cwd: folder.path });
  assert.match(stdout, /^flowchart TD\n/);
  assert.match(stdout, "outside --> topic_Rejected\n");
});

test("--observed adds the counts of a journal", async () => {
  using folder = folderWith();
  const url = `sqlite:${folder.at("hive.db")}`;
  const hive = await createHive({ actors: web, provider: url, journal: true });
  await hive.start();
  await hive.push([1, 2, 3].map((number) => web.Uploaded.create({ file: `https://example.com/${number}` })));
  await hive.push(new Event("Rejected", {}));
  await hive.whenIdle();
  await hive.stop();
  const { code, stdout } = await cli(["graph", ...modules, "--observed", url]);
  assert.is(code, 0);
  assert.match(stdout, 'outside -->|"3"| queue_Uploads\n');
  assert.match(stdout, 'outside -.->|"1"| topic_Rejected\n');
  assert.match(stdout, 'actor_IntakeActor -.->|"0"| topic_Parsed\n');
});

test("an empty journal is reported", async () => {
  using folder = folderWith();
  const url = `sqlite:${folder.at("hive.db")}`;
  await (await openProvider(url, { clock: systemClock })).close();
  const { code, stderr } = await cli(["graph", ...modules, "--observed", `${url}?durability=normal`]);
  assert.is(code, 2);
  assert.match(stderr, `The journal of ${url} has no events.`);
});

test("a missing journal file is reported, and not created", async () => {
  using folder = folderWith();
  const url = `sqlite:${folder.at("misspelt.db")}`;
  for (const command of ["graph", "lint"]) {
    const { code, stdout, stderr } = await cli([command, ...modules, "--observed", url]);
    assert.is(code, 2);
    assert.is(stdout, "");
    assert.match(stderr, `--observed: There is no file ${url}`);
  }
  assert.equal(await readdir(folder.path), []);
});

for (const url of [
  "sqlite://shop:hunter2@example.com/hive.db",
  "sqlite:./hive.db?key=hunter2",
  "azure:?serviceBus=Endpoint%3Dsb%3A%2F%2Fshop%2F%3BSharedAccessKey%3Dhunter2",
  "aws:?secretAccessKey=hunter2",
]) {
  test(`the secret in ${url} is not shown when its journal is refused`, async () => {
    const { code, stdout, stderr } = await cli(["graph", ...modules, "--observed", url]);
    assert.is(code, 2);
    assert.match(stderr, "--observed");
    assert.not.match(stdout + stderr, "hunter2");
  });
}

for (const [options, message] of [
  [["--format", "png"], "mermaid, dot, asyncapi, svg"],
  [["--without", "NobodyActor"], "No actor is called NobodyActor. There are IntakeActor"],
  [["--check"], "--check needs --output"],
  [["--observed", "memory:"], "belongs to one process"],
  [["--provider", "aws:"], "--provider and --schemas need --format asyncapi"],
] as const) {
  test(`${options.join(" ")} is refused as wrong usage`, async () => {
    const { code, stdout, stderr } = await cli(["graph", ...modules, ...options]);
    assert.is(code, 2);
    assert.is(stdout, "");
    assert.match(stderr, message);
  });
}

test.run();
