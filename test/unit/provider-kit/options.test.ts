import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { configFrom as awsConfigFrom } from "../../../providers/aws/config.ts";
import { configFrom } from "../../../providers/sqlite/config.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { openProvider } from "../../../src/hive/open-provider.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("options of providers");

test("options of a URL are read, the others are defaults", () => {
  const { file, durability, driver, maxEventBytes } = configFrom(
    "sqlite:///data/hive.db?durability=normal&maxEventBytes=1024",
  );
  assert.equal([file, durability, driver, maxEventBytes], ["/data/hive.db", "normal", undefined, 1_024]);
});

test("an error lists all wrong options of a URL", async () => {
  const url = "sqlite:a.db?durability=maybe&driver=mysql&maxEventBytes=&deduplication=1.5&size=1&toString=2";
  const { message } = await throwsCode("InvalidConfiguration", () => configFrom(url));
  for (const problem of [
    'durability must be full or normal, not "maybe"',
    'driver must be node:sqlite or libsql, not "mysql"',
    'maxEventBytes must be a whole number from 1, not ""',
    'deduplication must be a whole number from 1 ms, or a text such as "30s" or "5m", not "1.5"',
    '"size" is not an option; there are durability, driver, maxEventBytes, deduplication',
    '"toString" is not an option',
  ])
    assert.match(message, problem);
});

test("the error of a URL hides its secrets", async () => {
  const { message } = await throwsCode("InvalidConfiguration", () => configFrom("sqlite:a.db?secretAccessKey=hunter2"));
  assert.match(message, '"secretAccessKey" is not an option');
  assert.not.match(message, "hunter2");
});

const refusals: readonly (readonly [url: string, told: string])[] = [
  ["", "is empty"],
  [" \n", "is empty"],
  ["sqlite", 'The URL of the provider "sqlite" names no provider'],
  ['"sqlite:./hive.db"', "stands in quotes"],
  ["sqlite:./a\nb.db", "line break"],
  ["sqlite:${HOME}/hive.db", "a variable in it that was not replaced"],
  ["sqlite://hive.db", '"hive.db" is read as a host'],
  ["sqlite:~/hive.db", "only a shell replaces ~"],
  ["sqlite:hive.db?durability=full&durability=normal", "durability is given more than once"],
  ["memory:hive.db", 'has "hive.db" behind memory:'],
  ["aws:eu-west-1?prefix=shop", 'has "eu-west-1" behind aws:'],
  ["azure://shop.servicebus.windows.net", 'has "//shop.servicebus.windows.net" behind azure:'],
  ["Endpoint=sb://h/;SharedAccessKey=hunter2", "names no provider"],
  ["pigeons:coop", 'No provider is called "pigeons"'],
  ["aws:?storage=Zm9vYmFy%26hunter2&prefix=-", '"storage" is not an option'],
];

for (const [url, told] of refusals) {
  test(`the URL ${JSON.stringify(url)} is refused`, async () => {
    const { message } = await throwsCode("InvalidConfiguration", () => openProvider(url, { clock: systemClock }));
    assert.match(message, told);
    assert.not.match(message, "hunter2");
  });
}

test("white space around a URL, and in its options, is left out", () => {
  assert.is(configFrom(" sqlite:./hive.db\r\n").file, "./hive.db");
  assert.equal(configFrom("SQLite: hive.db ? durability = normal\n"), {
    ...configFrom("sqlite:hive.db?durability=normal"),
  });
  assert.is(awsConfigFrom("aws:?claimCheck=True&bucket=shop-data&idempotent=0\n").claimCheck, true);
});

test("a file whose path deployments got wrong is refused as an object too", async () => {
  for (const file of ["hive.db\n", " hive.db", "a\u0000b", "~/hive.db"])
    await throwsCode("InvalidConfiguration", () => new SqliteProvider({ file }));
});

test("wrong options of an object are refused", async () => {
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
