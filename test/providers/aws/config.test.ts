import * as assert from "uvu/assert";
import { completed, configFrom } from "../../../providers/aws/config.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: configuration");

test("a URL without options has all defaults", () => {
  const { prefix, table, bucket, wait, maxEventBytes, claimCheck } = configFrom("aws:");
  assert.equal(
    [prefix, table, bucket, wait, maxEventBytes, claimCheck],
    ["beehive", "beehive-beehive", undefined, 10_000, 262_144, false],
  );
});

test("options of a URL are read as numbers, flags and lengths of time", () => {
  const config = configFrom(
    "aws:?region=eu-west-1&prefix=shop&endpoint=http%3A%2F%2F127.0.0.1%3A4566&wait=20s&claimCheck&bucket=shop-data&idempotent=true&inboxAge=3d",
  );
  assert.equal(
    [
      config.region,
      config.prefix,
      config.table,
      config.endpoint,
      config.wait,
      config.claimCheck,
      config.bucket,
      config.idempotent,
      config.inboxAge,
    ],
    ["eu-west-1", "shop", "shop-beehive", "http://127.0.0.1:4566", 20_000, true, "shop-data", true, 259_200_000],
  );
});

test("an error lists every mistake of a URL", () => {
  try {
    configFrom("aws:?regio=x&wait=21s&prefix=-a&claimCheck=yes&requestTimeout=1&endpoint=nowhere&maxEventBytes=ten");
    assert.unreachable();
  } catch (error) {
    for (const part of [
      '"regio" is not an option',
      "wait must be a whole number",
      "requestTimeout must be",
      "prefix must be",
      "claimCheck must be",
      "endpoint must be",
      "maxEventBytes must be",
    ])
      assert.ok((error as Error).message.includes(part), part);
  }
});

test("a set-up pauses for a second, with a test server not at all", () => {
  assert.is(completed({}).settle, 1_000);
  assert.is(completed({ endpoint: "http://127.0.0.1:4566" }).settle, 0);
  assert.is(configFrom("aws:?endpoint=http%3A%2F%2F127.0.0.1%3A4566&settle=500ms").settle, 500);
});

test("claim checks without a bucket are refused", () => {
  assert.throws(() => completed({ claimCheck: true }), /claimCheck needs a bucket/);
});

test.run();
