/** The set-up of docs/postgres.md and of deploy/postgres, with roles of their own on the server of the tests. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createHive, Event } from "beehive-actors";
import pg from "pg";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { configFrom } from "../../providers/postgres/config.ts";
import { cli, folderWith, root, startCli } from "../support/cli.ts";
import { failureOf } from "../support/failure.ts";
import { noPostgres, postgresUrl, query } from "../support/postgres-server.ts";
import { suite } from "../support/suite.ts";

const test = suite("the set-up of PostgreSQL in the documents", { timeoutMs: 120_000, skip: noPostgres });

const page = await readFile(join(root, "docs/postgres.md"), "utf8");
const [roles = "", watching = ""] = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, code = ""]) => code);
const shop = "test/cli/modules/shop.ts";
const suffix = `_${process.pid}`;
const databases: string[] = [];

async function database(name: string): Promise<(user?: string) => string> {
  await query(`CREATE DATABASE ${name}${suffix}`);
  databases.push(`${name}${suffix}`);
  return (user) => {
    const url = Object.assign(new URL(postgresUrl), { pathname: `${name}${suffix}` });
    if (user !== undefined) url.username = `${user}${suffix}`;
    return url.href;
  };
}

/** Runs statements as psql does. */
async function ask(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function succeeds(args: readonly string[], cwd = root): Promise<string> {
  const { code, stdout, stderr } = await cli(args, { cwd });
  assert.is(code, 0, stderr);
  return stdout;
}

test.after(async () => {
  for (const name of databases) await query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  for (const role of ["beehive_owner", "beehive_worker", "web", "owner", "worker"])
    await query(`DROP ROLE IF EXISTS ${role}${suffix}`);
});

test("a worker with the printed rights works, and cannot change the schema", async () => {
  const at = await database("rights");
  await ask(at(), roles.replaceAll(/beehive_(owner|worker)/g, `$&${suffix}`));
  await succeeds(["setup", shop, "--provider", at("beehive_owner")]);
  await ask(at("beehive_owner"), await succeeds(["policy", shop, "--provider", at("beehive_worker")]));
  const worker = `${at("beehive_worker")}?setup=off`;
  using running = startCli(["run", shop, "--topology", "check", "--provider", worker]);
  await running.says("Working on 2 queues (postgres).");

  using folder = folderWith({ "web.mjs": 'export const hive = { publishes: ["OrderPlaced"], journal: false };' });
  await ask(
    at(),
    `CREATE ROLE web${suffix} LOGIN; CREATE TABLE public.orders (id text); GRANT INSERT ON public.orders TO web${suffix}`,
  );
  await ask(
    at("beehive_owner"),
    await succeeds(["policy", folder.at("web.mjs"), "--provider", at("web")], folder.path),
  );
  await using web = await createHive({ provider: `${at("web")}?setup=off`, journal: false });
  const client = new pg.Client({ connectionString: at("web") });
  await client.connect();
  await client.query("BEGIN");
  await client.query("INSERT INTO orders VALUES ('2')");
  await web.push(new Event("OrderPlaced", { id: "2" }), { within: client });
  await client.query("COMMIT");
  const denied = await failureOf(client.query("DELETE FROM beehive.messages"));
  await client.end();
  assert.match(denied.message, "permission denied");
  await running.says("packed 2");
  await web.push(new Event("OrderPlaced", { id: "1" }));
  await running.says("packed 1");
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
  await ask(at(), watching);
});

test("the roles of the compose file let a worker work", async () => {
  const at = await database("compose");
  const sql = await readFile(join(root, "deploy/postgres/roles.sql"), "utf8");
  await ask(at(), `CREATE ROLE owner${suffix} LOGIN; ALTER DATABASE compose${suffix} OWNER TO owner${suffix}`);
  await ask(at(), sql.replaceAll(/\b(owner|worker)\b(?!`)/g, `$1${suffix}`));
  await succeeds(["setup", shop, "--provider", at("owner")]);
  using running = startCli(["run", shop, "--topology", "check", "--provider", `${at("worker")}?setup=off`]);
  await running.says("Working on 2 queues (postgres).");
  await using web = await createHive({ provider: `${at("worker")}?setup=off` });
  await web.push(new Event("OrderPlaced", { id: "1" }));
  await running.says("packed 1");
  running.signal("SIGTERM");
  assert.is((await running.ended).code, 0);
});

test("the compose file starts what exists", async () => {
  const text = await readFile(join(root, "deploy/postgres/compose.yaml"), "utf8");
  const { services } = parse(text) as {
    readonly services: Readonly<Record<string, { environment: Record<string, string>; command: string[] }>>;
  };
  for (const name of ["setup", "worker"]) {
    const { environment, command = [] } = services[name] ?? {};
    assert.is(configFrom(environment?.["BEEHIVE_PROVIDER"] ?? "").schema, "beehive");
    assert.is(command[1], "samples/prismo/hive.ts");
  }
  assert.match(services["worker"]?.environment["BEEHIVE_PROVIDER"] ?? "", "setup=off");
});

test.run();
