import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Provider } from "beehive-actors";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/base/clock.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { nodeFinding, packageFindings, peerFindings } from "../../src/cli/doctor/project.ts";
import { clockFinding, rightFinding } from "../../src/cli/doctor/provider.ts";
import { serverTime } from "../../src/provider-kit/server-time.ts";
import { cli, folderWith } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive doctor", { timeoutMs: 60_000 });

const shop = "test/cli/modules/shop.ts";

async function examine(...args: string[]): Promise<{ code: number | null; found: Finding[]; stdout: string }> {
  const { code, stdout } = await cli(["doctor", ...args, "--json"]);
  return { code, found: JSON.parse(stdout) as Finding[], stdout };
}

function states(found: readonly Finding[]): string[] {
  return found.map(({ check, state }) => `${check} ${state}`);
}

test("a project that is set up is well", async () => {
  using folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  await cli(["setup", shop, "--provider", provider]);
  const { code, found } = await examine(shop, "--provider", provider, "--write");
  assert.is(code, 0);
  assert.equal(states(found), [
    "Node well",
    "package well",
    "peers well",
    "configuration well",
    "modules well",
    "provider well",
    "queues well",
    "rights well",
    "clock skipped",
  ]);
});

test("an actor with several subscriptions counts once", async () => {
  const { found } = await examine("samples/booking/hive.ts");
  assert.is(found.find(({ check }) => check === "modules")?.text, "7 actors, 12 subscriptions, 0 pulsers");
});

test("a missing file is a problem, and is not made", async () => {
  using folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  const look = (): ReturnType<typeof examine> => examine(shop, "--provider", provider);
  const { code, found } = await look();
  assert.is(code, 1);
  assert.is(found.at(-1)?.state, "problem");
  assert.match(found.at(-1)?.cure ?? "", /beehive setup/);
  assert.equal((await look()).found, found);
});

test("missing queues are named with their cure", async () => {
  using folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  await cli(["setup", "test/cli/modules/slow.ts", "--provider", provider]);
  const { code, found } = await examine(shop, "--provider", provider);
  assert.is(code, 1);
  const queues = found.find(({ check }) => check === "queues");
  assert.match(queues?.text ?? "", /lacks .*OrderPlaced-Packing/);
  assert.match(queues?.cure ?? "", /beehive setup/);
});

test("a wrong configuration is a finding", async () => {
  using folder = folderWith({ "beehive.config.json": `{"provder":"sqlite:x.db"}` });
  const { code, found } = await examine("--config", folder.at("beehive.config.json"));
  assert.is(code, 1);
  assert.match(found.find(({ check }) => check === "configuration")?.text ?? "", /provder/);
});

test("a module that fails does not hide its provider", async () => {
  using folder = folderWith({ "broken.mjs": "throw new Error('out of ink');" });
  const { code, found } = await examine(folder.at("broken.mjs"), "--provider", `sqlite:${folder.at("x.db")}`);
  assert.is(code, 1);
  assert.match(found.find(({ check }) => check === "modules")?.text ?? "", /out of ink/);
  assert.is(found.at(-1)?.check, "provider");
});

test("a server that is down is told without its password", async () => {
  const { code, found, stdout } = await examine("--provider", "postgres://me:hush@127.0.0.1:1/shop");
  assert.is(code, 1);
  assert.match(found.at(-1)?.text ?? "", /does not answer/);
  assert.not.match(stdout, /hush/);
});

test("an old Node is a problem, a supported one is well", () => {
  assert.equal(
    ["18.20.4", "20.9.0", "20.19.0", "24.1.0"].map((version) => nodeFinding(version).state),
    ["problem", "problem", "well", "well"],
  );
});

const manifest = (name: string, version: string): string => JSON.stringify({ name, version });

test("copies of the package are warned of with their places", () => {
  using folder = folderWith({
    "node_modules/beehive-actors/package.json": manifest("beehive-actors", "1.0.0"),
    "node_modules/@shop/orders/package.json": manifest("@shop/orders", "2.0.0"),
    "node_modules/@shop/orders/node_modules/beehive-actors/package.json": manifest("beehive-actors", "1.1.0"),
  });
  const [finding] = packageFindings(folder.path);
  assert.is(finding?.state, "warning");
  assert.match(finding?.text ?? "", /1\.0\.0 in .*1\.1\.0 in .*@shop/);
});

test("a broken package.json is a problem with its place; others follow", async () => {
  using folder = folderWith({ "package.json": '{"name": "shop", ' });
  const { code, stdout, stderr } = await cli(["doctor"], { cwd: folder.path });
  assert.equal([code, stderr], [1, ""]);
  assert.match(stdout, /^problem +package +\S+package\.json cannot be read/m);
  assert.match(stdout, /^ok +configuration/m);
});

test("a folder without the package is warned of", () => {
  using folder = folderWith();
  assert.match(packageFindings(folder.path)[0]?.cure ?? "", /npm install beehive-actors/);
});

test("an optional package outside its range is warned of", () => {
  using folder = folderWith({
    "node_modules/pg/package.json": manifest("pg", "7.18.2"),
    "node_modules/libsql/package.json": manifest("libsql", "0.5.29"),
  });
  const found = peerFindings(folder.path);
  assert.is(found.length, 1);
  assert.match(found[0]?.text ?? "", /pg 7\.18\.2/);
  assert.match(found[0]?.cure ?? "", /npm install "pg@\^8/);
});

function providerOf(rest: Partial<Provider>): Provider {
  return { name: "test", ...rest } as Provider;
}

test("a clock that is apart from the server is warned of", async () => {
  const apart = async (ms: number): Promise<Finding> =>
    clockFinding(providerOf({ serverTime: async () => systemClock.now() + ms }), systemClock);
  assert.is((await apart(500)).state, "well");
  assert.match((await apart(3_600_000)).text, /1h behind/);
  assert.match((await apart(-90_000)).text, /1m 30s ahead of/);
});

test("a refused write names the cure", async () => {
  const locks = {
    tryLock: () => Promise.reject(new BeeHiveError("AccessDenied", "The right dynamodb:UpdateItem is missing.")),
  };
  const { state, cure } = await rightFinding(providerOf({ stores: { locks } as unknown as Provider["stores"] }));
  assert.is(state, "problem");
  assert.match(cure ?? "", /beehive policy/);
});

test("a refusal of an HTTP server tells its time", async () => {
  const server = createServer((request, response) => {
    response.sendDate = request.url !== "/dateless";
    response.writeHead(403).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.ok(Math.abs(((await serverTime(url)) ?? 0) - Date.now()) < 5_000);
    assert.is(await serverTime(`${url}/dateless`), undefined);
  } finally {
    server.close();
  }
});

test.run();
