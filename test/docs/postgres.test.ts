/** The set-up of docs/postgres.md and of deploy/postgres, with roles of their own on the server of the tests. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createHive, Event } from "beehive-actors";
import pg from "pg";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { freePort } from "../postgres/server.ts";
import { cli, folderWith, plainEnvironment, root, startCli, startProcess, type Running } from "../support/cli.ts";
import { failureOf } from "../support/failure.ts";
import { noPostgres, postgresUrl, query } from "../support/postgres-server.ts";
import { assertComplete, reportOf, runSample, writeOrders } from "../support/prismo-runs.ts";
import { suite } from "../support/suite.ts";

const test = suite("the set-up of PostgreSQL in the documents", { timeoutMs: 120_000, skip: noPostgres });

const page = await readFile(join(root, "docs/postgres.md"), "utf8");
const [roles = "", ...questions] = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, code = ""]) => code);
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
  for (const question of questions) await ask(at(), question);
});

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

test("the services of the compose file work in their order, with its roles", async () => {
  const at = await database("compose");
  const folder = join(root, "deploy/postgres");
  const { services } = parse(await readFile(join(folder, "compose.yaml"), "utf8")) as {
    readonly services: Readonly<Record<"postgres" | "setup" | "worker", Service>>;
  };
  /** Starts a service on this machine, and the server of the tests. */
  const start = (name: "setup" | "worker", healthPort?: number): Running => {
    const { entrypoint: [program, ...args] = [], command, environment } = services[name];
    assert.is(program, "node");
    const { username, search, pathname } = new URL(environment["BEEHIVE_PROVIDER"] ?? "");
    assert.is(pathname, `/${services.postgres.environment["POSTGRES_DB"]}`);
    return startProcess(process.execPath, [...args, ...command], {
      cwd: root,
      env: plainEnvironment({
        ...environment,
        BEEHIVE_PROVIDER: at(username) + search,
        ...(healthPort === undefined ? {} : { BEEHIVE_HEALTH_PORT: String(healthPort) }),
      }),
    });
  };

  // As its image does: the user owns the database, and runs the file.
  assert.is(services.postgres.environment["POSTGRES_USER"], "owner");
  await ask(at(), `CREATE ROLE owner${suffix} LOGIN; ALTER DATABASE compose${suffix} OWNER TO owner${suffix}`);
  const roles = await readFile(join(folder, "roles.sql"), "utf8");
  await ask(at(), roles.replaceAll(/\b(owner|worker)\b(?!`)/g, `$1${suffix}`));
  // While the image runs such files, its server has no port.
  assert.ok(services.postgres.healthcheck?.test.includes("127.0.0.1"));

  assert.is(services.setup.depends_on?.["postgres"]?.condition, "service_healthy");
  using setup = start("setup");
  const { code, stderr } = await setup.ended;
  assert.is(code, 0, stderr);

  assert.is(services.worker.depends_on?.["setup"]?.condition, "service_completed_successfully");
  const ports = [await freePort(), await freePort()] as const;
  using one = start("worker", ports[0]);
  using other = start("worker", ports[1]);
  await Promise.all([one, other].map((worker) => worker.says("(postgres).")));
  for (const port of ports) assert.is((await fetch(`http://127.0.0.1:${port}/ready`)).status, 200);
  using orders = folderWith();
  const provider = `${at("worker")}?setup=off`;
  assertComplete(reportOf(await runSample(writeOrders(orders.path, 10), { provider, begun: () => true })), 10);
  for (const worker of [one, other]) worker.signal("SIGTERM");
  for (const worker of [one, other]) assert.is((await worker.ended).code, 0);
});

test.run();
