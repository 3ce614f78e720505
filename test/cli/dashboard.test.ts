import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHive, silentLogger } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, startCli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive dashboard", { timeoutMs: 60_000 });
const password = "correct horse battery";

let folder = "";
let url = "";
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "beehive-dashboard-"));
  url = `sqlite:${join(folder, "hive.db")}`;
  const hive = await createHive({ provider: url, publishes: ["OrderAccepted"], logger: silentLogger });
  await hive.setup();
  await hive.stop();
});
test.after(() => rm(folder, { recursive: true }));

test("it serves a provider to this machine until it is interrupted", async () => {
  using running = startCli(["dashboard", "--provider", url, "--port", "0", "--environment", "test", "--as", "ada"]);
  await running.says("Dashboard: http://127.0.0.1:");
  const address = /http:\S+/.exec(running.said())?.[0] ?? "";
  assert.match(await (await fetch(address)).text(), "<title>BeeHive</title>");
  const me = (await (await fetch(`${address}-/me`)).json()) as object;
  assert.is(JSON.stringify(me).includes('"environment":"test","user":"ada","canAct":true,"seesBodies":true'), true);
  running.signal("SIGINT");
  assert.is((await running.ended).code, 0);
});

test("modules add their event types, and --read-only forbids to act", async () => {
  const module = "samples/prismo/hive.ts";
  using running = startCli(["dashboard", module, "--provider", url, "--port", "0", "--read-only", "--json"]);
  await running.says("listening");
  const { url: address } = JSON.parse(running.said()) as { readonly url: string };
  const types = (await (await fetch(`${address}-/types`)).json()) as readonly { readonly name: string }[];
  assert.ok(types.length > 0, "no event types");
  assert.is(((await (await fetch(`${address}-/me`)).json()) as { readonly canAct: boolean }).canAct, false);
});

test("other machines need a password of some length", async () => {
  const args = ["dashboard", "--provider", url, "--port", "0", "--host", "0.0.0.0"];
  const refused = await cli(args);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, "Set BEEHIVE_DASHBOARD_PASSWORD");
  const short = await cli(args, { environment: { BEEHIVE_DASHBOARD_PASSWORD: "short" } });
  assert.is(short.code, 2);
  assert.match(short.stderr, "at least 12 characters");

  using running = startCli(args, { environment: { BEEHIVE_DASHBOARD_PASSWORD: password } });
  await running.says("Dashboard: http://0.0.0.0:");
  const address = `http://127.0.0.1:${/:(\d+)\//.exec(running.said())?.[1]}/`;
  assert.is((await fetch(address)).status, 401);
  const authorization = `Basic ${Buffer.from(`ada:${password}`).toString("base64")}`;
  assert.is((await fetch(address, { headers: { authorization } })).status, 200);
});

test("a port that is taken is named", async () => {
  using running = startCli(["dashboard", "--provider", url, "--port", "0"]);
  await running.says("Dashboard:");
  const port = /:(\d+)\//.exec(running.said())?.[1] ?? "";
  const { code, stderr } = await cli(["dashboard", "--provider", url, "--port", port]);
  assert.is(code, 2);
  assert.match(stderr, `cannot be served on 127.0.0.1:${port}`);
});

test.run();
