/** Publishing in transactions of the libraries that applications use; they are installed when it runs first. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createHive, Event, type Transaction } from "beehive-actors";
import pg from "pg";
import * as assert from "uvu/assert";
import { installLocked } from "../../../scripts/install.ts";
import { failureOf } from "../../support/failure.ts";
import { noPostgres, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "test/transactions");
const database = `transactions_${process.pid}`;
const url = Object.assign(new URL(postgresUrl), { pathname: `/${database}` }).href;

const test = suite("postgres: transactions of libraries", { timeoutMs: 240_000, skip: noPostgres });

test.before(async () => {
  installLocked(folder);
  await query(`CREATE DATABASE ${database}`);
  await ask("CREATE TABLE orders (id text)");
});

test.after(async () => {
  await query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
});

async function ask(text: string): Promise<readonly object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<object>(text);
  await client.end();
  return rows;
}

/** As libraries.ts declares it. */
interface Library {
  order(id: string, work: (within: Transaction) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

for (const name of ["pg", "kysely", "knex", "drizzle", "prisma"]) {
  test(`${name}: events are there with the rows, or neither is`, async () => {
    // A path that the compiler does not follow: the packages are not there before.
    const path = join(folder, "libraries.ts");
    const { libraries } = (await import(path)) as {
      readonly libraries: Readonly<Record<string, (at: string) => Library>>;
    };
    const library = libraries[name]?.(url);
    if (!library) throw new Error(`there is no ${name}`);
    await using hive = await createHive({ provider: url, publishes: ["Orders-Orders"] });
    await hive.setup();
    const event = (text: string): Event =>
      new Event(
        "Order",
        { text },
        { id: `${name} ${text}`, queueName: "Orders", properties: { quote: `' " \\ $1 ?` } },
      );
    const bytes = new Event("Order", Uint8Array.of(0, 255, 10), { id: `${name} bytes`, queueName: "Orders" });
    try {
      const failure = await failureOf(
        library.order(`${name} undone`, async (within) => {
          await hive.push(event("undone"), { within });
          throw new Error("no more stock");
        }),
      );
      assert.is(failure.message, "no more stock");
      await library.order(name, async (within) => {
        assert.is(await hive.push([event(`it's $1 "ö" ? 😀`), bytes], { within }), 0);
        assert.is(await hive.push(bytes, { within }), 1);
      });
    } finally {
      await library.close();
    }
    assert.equal(await ask(`SELECT id FROM orders WHERE id LIKE '${name}%'`), [{ id: name }]);
    const { queues } = hive.provider;
    const options = { max: 10, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal };
    const leases = await queues.lease(hive.queue("Orders").name, options);
    for (const lease of leases) await queues.commit(lease, []);
    assert.equal(
      leases.map(({ event: { id, body, properties } }) => [id, body, properties]),
      [
        [`${name} it's $1 "ö" ? 😀`, JSON.stringify({ text: `it's $1 "ö" ? 😀` }), { quote: `' " \\ $1 ?` }],
        [`${name} bytes`, Uint8Array.of(0, 255, 10), {}],
      ],
    );
  });
}

test("the adapters fit the types of the libraries", () => {
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--noEmit"]);
});

test.run();
