import { fileURLToPath } from "node:url";
import { QueueName } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, type Ended } from "../support/cli.ts";
import { cliHive, packing, topic, type CliHive } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive push: versions of bodies", { timeoutMs: 60_000 });

const source = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const events = `
import { eventType } from ${JSON.stringify(source)};
const isNumber = (value) => typeof value === "number";
const schema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      isNumber(value?.amount) && typeof value.currency === "string"
        ? { value }
        : { issues: [{ message: "is no price", path: ["currency"] }] },
  },
};
export const OrderPlaced = eventType("OrderPlaced", schema, {
  version: 2,
  upcasters: { 1: ({ amount }) => ({ amount, currency: "EUR" }) },
});
`;
const actors = `
import { actorDescription } from ${JSON.stringify(source)};
import { OrderPlaced } from "./events.mts";
export class Packing { processAsync(event) { OrderPlaced.read(event); } }
actorDescription("OrderPlaced-Packing")(Packing);
`;
const yen = '{"amount":100,"currency":"JPY"}\n';
const files = (lines: string): Record<string, string> => ({
  "events.mts": events,
  "actors.mts": actors,
  "a.ndjson": lines,
});
const push = (hive: CliHive, args: readonly string[]): Promise<Ended> =>
  cli(["push", topic, hive.at("a.ndjson"), ...args, "--provider", hive.url]);
const waiting = async (hive: CliHive): Promise<number> =>
  (await hive.provider.queues.counts(QueueName.parse(packing))).ready;

test("bodies get the version that modules declare without exporting it", async () => {
  await using hive = await cliHive(files(yen));
  const ended = await push(hive, ["--modules", hive.at("actors.mts")]);
  assert.is(ended.code, 0, ended.stderr);
  const [event] = await hive.take(packing);
  assert.equal([event?.properties["schemaVersion"], event?.getBody()], [2, { amount: 100, currency: "JPY" }]);
});

test("a body that does not fit its schema is reported with its line", async () => {
  await using hive = await cliHive(files(`${yen}{"amount":100}\n`));
  const { code, stdout, stderr } = await push(hive, ["--modules", hive.at("events.mts"), "--keep-going"]);
  assert.is(code, 1, stderr);
  assert.is(stdout, "Published 1 event to OrderPlaced-, 1 bad.\n");
  assert.match(stderr, /line 2: .*does not fit OrderPlaced: .*currency/);
  assert.is(await waiting(hive), 1);
});

test("bodies of an older version are checked as readers read them", async () => {
  await using hive = await cliHive(files('{"amount":100}\n'));
  const ended = await push(hive, ["--modules", hive.at("actors.mts"), "--schema-version", "1"]);
  assert.is(ended.code, 0, ended.stderr);
  const [event] = await hive.take(packing);
  assert.equal({ ...event?.properties }, {});
  const newer = await push(hive, ["--modules", hive.at("actors.mts"), "--property", "schemaVersion=3"]);
  assert.is(newer.code, 1);
  assert.match(newer.stderr, /its version is 3, this code reads OrderPlaced up to version 2/);
});

test("a push without a known version is refused with the remedies", async () => {
  await using hive = await cliHive(files(yen));
  const ended = await push(hive, []);
  assert.equal([ended.code, ended.stdout], [2, ""]);
  assert.match(ended.stderr, /The version of the bodies of OrderPlaced is unknown.*--modules.*--schema-version 1/);
  assert.is(await waiting(hive), 0);
  assert.is((await push(hive, ["--schema-version", "2"])).code, 0);
  assert.is((await push(hive, ["--property", "schemaVersion=2"])).code, 0);
  const versions = (await hive.take(packing)).map(({ properties }) => properties["schemaVersion"]);
  assert.equal(versions, [2, 2]);
});

test("a CloudEvent carries its version, or the modules declare it", async () => {
  const cloudEvent = (id: string, more: object): string =>
    `${JSON.stringify({ specversion: "1.0", id, source: "/shop", type: "OrderPlaced", ...more })}\n`;
  const data = { amount: 100, currency: "JPY" };
  const said = cloudEvent("said", { data, beehiveproperties: '{"schemaVersion":2}' });
  await using hive = await cliHive(files(said + cloudEvent("unsaid", { data })));
  const without = await push(hive, ["--cloud-events", "--keep-going"]);
  assert.equal([without.code, without.stdout], [1, "Published 1 event to OrderPlaced-, 1 bad.\n"]);
  assert.match(without.stderr, /line 2: The version of the bodies of/);
  await hive.take(packing);
  const ended = await push(hive, ["--cloud-events", "--from-line", "2", "--modules", hive.at("actors.mts")]);
  assert.is(ended.code, 0, ended.stderr);
  const [event] = await hive.take(packing);
  assert.equal([event?.id, event?.properties["schemaVersion"]], ["unsaid", 2]);
});

test("a type that no module declares has no versions", async () => {
  await using hive = await cliHive(files("1\n"));
  const ended = await push(hive, ["--modules", hive.at("actors.mts"), "--type", "OrderMoved"]);
  assert.is(ended.code, 0, ended.stderr);
  const [event] = await hive.take(packing);
  assert.equal({ ...event?.properties }, {});
});

test.run();
