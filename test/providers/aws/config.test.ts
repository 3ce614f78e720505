import * as assert from "uvu/assert";
import { completed, configFrom } from "../../../providers/aws/config.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: configuration");

test("given nothing but the scheme, when it is read, then all has its default", () => {
  const { prefix, table, bucket, waitSeconds, maxEventBytes, claimCheck } = configFrom("aws:");
  assert.equal(
    [prefix, table, bucket, waitSeconds, maxEventBytes, claimCheck],
    ["beehive", "beehive-beehive", undefined, 10, 262_144, false],
  );
});

test("given options, when they are read, then numbers are numbers, flags are flags, and the table follows the prefix", () => {
  const config = configFrom(
    "aws:?region=eu-west-1&prefix=shop&endpoint=http%3A%2F%2F127.0.0.1%3A4566&waitSeconds=20&claimCheck&bucket=shop-data&idempotent=true&inboxDays=3",
  );
  assert.equal(
    [
      config.region,
      config.prefix,
      config.table,
      config.endpoint,
      config.waitSeconds,
      config.claimCheck,
      config.bucket,
      config.idempotent,
      config.inboxDays,
    ],
    ["eu-west-1", "shop", "shop-beehive", "http://127.0.0.1:4566", 20, true, "shop-data", true, 3],
  );
});

test("given several mistakes, when the URL is read, then the error lists each", () => {
  try {
    configFrom(
      "aws:?regio=x&waitSeconds=21&prefix=-a&claimCheck=yes&requestTimeoutMs=1&endpoint=nowhere&maxEventBytes=ten",
    );
    assert.unreachable();
  } catch (error) {
    for (const part of [
      '"regio" is not an option',
      "waitSeconds must be",
      "requestTimeoutMs must be",
      "prefix must be",
      "claimCheck must be",
      "endpoint must be",
      "maxEventBytes must be",
    ])
      assert.ok((error as Error).message.includes(part), part);
  }
});

test("given no endpoint, when the configuration is completed, then a set-up waits a second as AWS asks; given a test server, it does not", () => {
  assert.is(completed({}).settleMs, 1_000);
  assert.is(completed({ endpoint: "http://127.0.0.1:4566" }).settleMs, 0);
  assert.is(configFrom("aws:?endpoint=http%3A%2F%2F127.0.0.1%3A4566&settleMs=500").settleMs, 500);
});

test("given claim checks without a bucket, when the provider is made, then the error says so", () => {
  assert.throws(() => completed({ claimCheck: true }), /claimCheck needs a bucket/);
});

test.run();
