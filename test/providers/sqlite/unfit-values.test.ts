/** Values that would crash a native driver, which never reach it. */
import * as assert from "uvu/assert";
import { availableDrivers, openDriver } from "../../../providers/sqlite/file/driver.ts";
import type { Value } from "../../../providers/sqlite/file/values.ts";
import { translate } from "../../../providers/sqlite/errors.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { SqliteRows } from "../../../providers/sqlite/stores/rows.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { RowKey } from "../../../src/provider-kit/rows.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

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
  test(`${driver}: each way to run a statement refuses unfit values`, () => {
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

  test(`${driver}: an unfit row is refused, the rest of its group not`, async () => {
    using file = sqliteFile();
    const client = new SqliteClient({ ...defaultConfig, file: file.path, driver }, systemClock);
    const rows = new SqliteRows(client);
    const key = (id: unknown): RowKey => ({ table: "t", partition: "", id: id as string });
    const content = { value: "1", etag: "e", modified: 0 };
    const codes = [true, "fit", "a\0b", "\ud800", {}].map((id) =>
      codeOf(() => rows.write({ key: key(id), expect: "any", content })),
    );
    assert.equal(await Promise.all(codes), ["InvalidItem", "done", "InvalidItem", "InvalidItem", "InvalidItem"]);
    assert.is((await rows.get(key("fit")))?.value, "1");
    client.close();
  });
}

test.run();
