import * as assert from "uvu/assert";
import { MemoryProvider } from "../../providers/memory/index.ts";
import { configFrom } from "../../providers/sqlite/config.ts";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";
import { throwsCode } from "../support/throws.ts";

const test = suite("options of providers");

test("given a URL with options, then they are read as what they are, and the rest is by default", () => {
  const { file, durability, driver, maxEventBytes } = configFrom(
    "sqlite:///data/hive.db?durability=normal&maxEventBytes=1024",
  );
  assert.equal([file, durability, driver, maxEventBytes], ["/data/hive.db", "normal", undefined, 1_024]);
});

test("given a URL whose options are wrong, then all of them are told", async () => {
  const url = "sqlite:a.db?durability=maybe&driver=mysql&maxEventBytes=&deduplicationMs=1.5&size=1&toString=2";
  const { message } = await throwsCode("InvalidConfiguration", () => configFrom(url));
  for (const problem of [
    'durability must be full or normal, not "maybe"',
    'driver must be node:sqlite or libsql, not "mysql"',
    'maxEventBytes must be a whole number from 1, not ""',
    'deduplicationMs must be a whole number from 1, not "1.5"',
    '"size" is not an option; there are durability, driver, maxEventBytes, deduplicationMs',
    '"toString" is not an option',
  ])
    assert.match(message, problem);
});

test("given a secret among the options of a URL, when it is refused, then the secret is not told", async () => {
  const { message } = await throwsCode("InvalidConfiguration", () => configFrom("sqlite:a.db?secretAccessKey=hunter2"));
  assert.match(message, '"secretAccessKey" is not an option');
  assert.not.match(message, "hunter2");
});

test("given options as an object that are wrong, then the provider is not made", async () => {
  using file = sqliteFile();
  for (const make of [
    () => new MemoryProvider({ maxEventBytes: -1 }),
    () => new SqliteProvider({ file: file.path, maxEventBytes: -1 }),
  ]) {
    const { message } = await throwsCode("InvalidConfiguration", make);
    assert.match(message, "maxEventBytes must be a whole number from 1, not -1");
  }
});

test.run();
