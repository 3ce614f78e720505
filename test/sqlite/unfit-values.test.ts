/** What a native driver does not survive never reaches it. */
import * as assert from "uvu/assert";
import { availableDrivers, openDriver } from "../../providers/sqlite/driver.ts";
import type { Value } from "../../providers/sqlite/values.ts";
import { translate } from "../../providers/sqlite/errors.ts";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import { Event } from "../../src/event.ts";
import { QueueName } from "../../src/queue-name.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("sqlite: unfit values");

const unfit: readonly unknown[] = [
  true,
  undefined,
  {},
  [],
  1n,
  Symbol("a"),
  () => 1,
  new Date(0),
  new ArrayBuffer(1),
  NaN,
  Infinity,
  "a\0b",
  "\ud800",
];
const fit: readonly Value[] = ["", "é🐝", 0, -1.5, 2 ** 53 - 1, null, new Uint8Array([0, 255]), Buffer.from("a")];

async function codeOf(work: () => Promise<unknown>): Promise<unknown> {
  return work().then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

for (const driver of availableDrivers()) {
  test(`${driver}: each way to run a statement refuses what is unfit`, () => {
    using file = sqliteFile();
    const database = openDriver(file.path, driver);
    try {
      const statement = database.prepare("SELECT ?");
      for (const call of [statement.run, statement.insert, statement.get, statement.all])
        for (const value of unfit) {
          assert.throws(
            () => call([value as Value]),
            (error: unknown) => {
              const { code, retryable, message } = translate(error, file.path);
              assert.equal([code, retryable], ["InvalidItem", false]);
              assert.match(message, /^SQLite cannot keep value 1: it (is|holds) /);
              return true;
            },
            String(value),
          );
        }
      for (const value of fit) assert.ok(statement.get([value]));
    } finally {
      database.close();
    }
  });

  test(`${driver}: text that is not UTF-8 is read, and text with NUL whole`, () => {
    using file = sqliteFile();
    const database = openDriver(file.path, driver);
    try {
      database.exec(
        "CREATE TABLE t (a ANY); INSERT INTO t VALUES (CAST(x'61ff62' AS TEXT)), ('é'), (x'00ff'), (7), (NULL)",
      );
      const read = database.prepare<{ a: unknown }>(`SELECT ${database.text("a")} FROM t`).all([]);
      const [broken, text, bytes, number, nothing] = read.map(({ a }) => a);
      assert.equal([broken, text, number, nothing], ["a\ufffdb", "é", 7, null]);
      assert.equal([...(bytes as Uint8Array)], [0, 255]);
    } finally {
      database.close();
    }
  });

  test(`${driver}: a path with NUL, or that is no text, is refused`, async () => {
    using file = sqliteFile();
    for (const path of [`${file.path}\0`, "\ud800.db", true, undefined, 7, Buffer.from("a.db")])
      assert.is(
        await codeOf(async () => new SqliteProvider({ file: path as string, driver })),
        "InvalidConfiguration",
        String(path),
      );
    const provider = new SqliteProvider({ file: file.path, driver });
    for (const path of ["a\0b", "\ud800", true, ""])
      assert.is(await codeOf(() => provider.backup(path as string)), "InvalidConfiguration", String(path));
    await provider.close();
  });

  test(`${driver}: an unfit event is refused, the rest of its group not`, async () => {
    using file = sqliteFile();
    const provider = new SqliteProvider({ file: file.path, driver });
    const name = QueueName.parse("Letters");
    // No event has such a key; the driver is guarded all the same.
    const event = (partitionKey: unknown): Event =>
      new Proxy(new Event("Letter", 1, { queueName: "Letters" }), {
        get(target, property) {
          if (property === "partitionKey") return partitionKey;
          if (property === "toRecord") return () => ({ ...target.toRecord(), partitionKey });
          const value: unknown = Reflect.get(target, property, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    await provider.queues.ensure([{ name, ordered: true, leaseMs: 1_000, maxAttempts: 3 }]);
    const codes = [true, "fit", "a\0b", "\ud800", {}].map((key) => codeOf(() => provider.queues.push([event(key)])));
    assert.equal(await Promise.all(codes), ["InvalidItem", "done", "InvalidItem", "InvalidItem", "InvalidItem"]);
    assert.is((await provider.queues.counts(name)).ready, 1);
    await provider.close();
  });
}

test.run();
