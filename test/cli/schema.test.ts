import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createHive, Event, openProvider } from "beehive-actors";
import { compressed } from "beehive-actors/schemas";
import * as assert from "uvu/assert";
import { cli, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive schema", { timeoutMs: 120_000 });

const orders = (...fields: readonly object[]): string =>
  JSON.stringify({ type: "record", name: "Order", fields: [{ name: "id", type: "string" }, ...fields] });
const events = (fields: string): string => `
import { eventType } from ${JSON.stringify(join(root, "src/index.ts"))};
import { z } from ${JSON.stringify(join(root, "node_modules/zod/index.js"))};
export const OrderPlaced = eventType("OrderPlaced", z.object({ ${fields} }));
export const hive = { publishes: [OrderPlaced] };
`;

function repository(files: Readonly<Record<string, string>>): ReturnType<typeof folderWith> {
  const folder = folderWith(files);
  const git = (...words: readonly string[]): void =>
    void execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...words], {
      cwd: folder.path,
      stdio: "pipe",
    });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "first");
  return folder;
}

test("a change that breaks readers of the main branch ends with 1", async () => {
  using folder = repository({ "schemas/OrderPlaced/1.avsc": orders() });
  const cwd = folder.path;
  const checked = (): ReturnType<typeof cli> => cli(["schema", "check", "--against", "main"], { cwd });
  writeFileSync(folder.at("schemas/OrderPlaced/2.avsc"), orders({ name: "total", type: "double", default: 0 }));
  const fine = await checked();
  assert.equal([fine.code, fine.stderr], [0, "No change breaks readers.\n"]);
  writeFileSync(folder.at("schemas/OrderPlaced/3.avsc"), orders({ name: "currency", type: "string" }));
  writeFileSync(folder.at("schemas/OrderPlaced/1.avsc"), orders({ name: "currency", type: "string" }));
  const { code, stdout } = await checked();
  assert.is(code, 1);
  assert.match(
    stdout,
    "OrderPlaced  `currency` is new and has no default: readers of version 3 cannot read old events",
  );
  assert.match(stdout, "OrderPlaced  OrderPlaced/1 has changed, and a version never changes: add version 4");
  assert.is((await cli(["schema", "check", "--against", "nowhere"], { cwd })).code, 2);
});

test("the schemas of the code become files, and are held against them", async () => {
  using folder = folderWith({ "events.mts": events("id: z.string()") });
  const cwd = folder.path;
  const pushed = await cli(["schema", "push", "events.mts"], { cwd });
  assert.equal([pushed.code, pushed.stdout], [0, "Added version 1 of OrderPlaced.\n"]);
  assert.match(await readFile(folder.at("schemas/OrderPlaced/1.schema.json"), "utf8"), '"type": "object"');
  writeFileSync(folder.at("events.mts"), events("id: z.string(), currency: z.string()"));
  const checked = await cli(["schema", "check", "events.mts", "--json"], { cwd });
  assert.is(checked.code, 1);
  assert.equal(JSON.parse(checked.stdout), {
    problems: [
      {
        subject: "OrderPlaced",
        problem: "`currency` is new and has no default: readers of version 2 cannot read old events",
      },
    ],
  });
  const refused = await cli(["schema", "push", "events.mts"], { cwd });
  assert.is(refused.code, 2);
  assert.match(refused.stderr, "beehive schema fork OrderPlaced --to OrderPlaced_v2");
  writeFileSync(folder.at("events.mts"), events("id: z.string(), note: z.string().optional()"));
  assert.match((await cli(["schema", "check", "events.mts"], { cwd })).stdout, "add it with beehive schema push");
});

test("files are pushed to the registry of a provider, and held against it", async () => {
  using folder = folderWith({ "schemas/OrderPlaced/1.avsc": orders() });
  const cwd = folder.path;
  const provider = `sqlite:${folder.at("hive.db")}`;
  await (await openProvider(provider)).close();
  const pushed = await cli(["schema", "push", "--to", provider], { cwd });
  assert.equal([pushed.code, pushed.stdout], [0, "Added version 1 of OrderPlaced.\n"], pushed.stderr);
  writeFileSync(folder.at("schemas/OrderPlaced/2.avsc"), orders({ name: "currency", type: "string" }));
  assert.is((await cli(["schema", "check", "--against", provider], { cwd })).code, 1);
});

test("the codec of the configuration shows bodies decoded", async () => {
  using folder = folderWith({
    "codec.mts": `
import { compressed } from ${JSON.stringify(join(root, "src/schemas/index.ts"))};
export const codec = compressed(undefined, { minBytes: 0 });
`,
    "beehive.config.json": JSON.stringify({ provider: "sqlite:./hive.db", codec: "codec.mts" }),
  });
  const hive = await createHive({
    provider: `sqlite:${folder.at("hive.db")}`,
    publishes: ["Placed-Placed"],
    codec: compressed(),
  });
  await hive.setup();
  await hive.push(new Event("Placed", { note: "again ".repeat(1_000) }, { queueName: "Placed" }));
  await hive.stop();
  const { stdout, stderr } = await cli(["peek", "Placed", "--bodies"], { cwd: folder.path });
  assert.match(stdout, "again again", stderr);
});

test("a fork writes a bridge and the first version of the new type", async () => {
  using folder = folderWith({ "schemas/OrderPlaced/1.avsc": orders() });
  const cwd = folder.path;
  const forked = await cli(["schema", "fork", "OrderPlaced", "--to", "OrderPlaced_v2"], { cwd });
  assert.is(forked.code, 0, forked.stderr);
  const bridge = (await readFile(folder.at("OrderPlaced-to-OrderPlaced_v2.ts"), "utf8")).replace(
    '"beehive-actors"',
    JSON.stringify(join(root, "src/index.ts")),
  );
  assert.is(await readFile(folder.at("schemas/OrderPlaced_v2/1.avsc"), "utf8"), orders());
  const reader = `
import { actorDescription, eventType } from ${JSON.stringify(join(root, "src/index.ts"))};
export class Shipping { async processAsync() {} }
actorDescription("OrderPlaced-Shipping")(Shipping);
export class Payment { async processAsync() {} }
actorDescription("OrderPlaced_v2-Payment")(Payment);
export const OrderPlaced = eventType("OrderPlaced", undefined, { entry: true });
`;
  writeFileSync(folder.at("bridge.ts"), bridge);
  writeFileSync(folder.at("reader.mts"), reader);
  writeFileSync(folder.at("tsconfig.json"), '{"compilerOptions":{"experimentalDecorators":true}}');
  const { stdout, stderr } = await cli(["lint", "bridge.ts", "reader.mts", "--ignore", "event-without-schema"], {
    cwd,
  });
  assert.match(stdout, "OrderPlaced-Shipping  replaced-topic", stderr);
  assert.match(stdout, "OrderPlaced_v2 takes its place, and Shipping still reads the old topic");
  assert.not.match(stdout, "OrderPlaced-OrderPlacedToOrderPlaced_v2  replaced-topic");
});

test.run();
