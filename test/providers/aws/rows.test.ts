/** Rows in DynamoDB when the service leaves a part of a request undone. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as assert from "uvu/assert";
import { DynamoRows } from "../../../providers/aws/stores/rows.ts";
import type { Row } from "../../../src/provider-kit/rows.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { failureOf } from "../../support/failure.ts";
import { fakeClient, type FakeRequest } from "../../support/fake-client.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: rows");

function scene(answer?: (request: FakeRequest) => unknown) {
  const clock = new ManualClock();
  const dynamodb = fakeClient<DynamoDBClient>(answer);
  return { clock, dynamodb, rows: new DynamoRows(dynamodb, "table", clock) };
}

const row = (n: number): Row => ({ table: "t", partition: "", id: `${n}`, value: "{}", etag: "e", modified: 1 });
const item = (id: string): object => ({ sk: { S: id }, v: { S: "{}" }, etag: { S: "e" }, modified: { N: "1" } });

test("a batch has at most 25 rows", async () => {
  const { rows, dynamodb } = scene();
  const many = Array.from({ length: 60 }, (_, n) => row(n));
  await rows.put(many);
  await rows.delete(many);
  assert.equal(
    dynamodb.asked.map(({ input }) => input.RequestItems["table"].length),
    [25, 25, 10, 25, 25, 10],
  );
});

test("a batch that is never processed fails after eight retries", async () => {
  const { rows, clock, dynamodb } = scene(({ input }) => ({ UnprocessedItems: input.RequestItems }));
  const writing = failureOf(rows.put([row(1), row(2)]));
  await clock.advance(25_499);
  assert.is(dynamodb.asked.length, 8);
  await clock.advance(1);
  assert.is((await writing).code, "Throttled");
  assert.is(dynamodb.asked.length, 9);
});

test("a query continues until its page is full", async () => {
  let pieces = 0;
  const { rows, dynamodb } = scene(() => ({ Items: [item(`${++pieces}`)], LastEvaluatedKey: { pk: { S: "t" } } }));
  const page = await rows.page({ table: "t", partition: "", limit: 3 });
  assert.equal(
    page.map(({ id }) => id),
    ["1", "2", "3"],
  );
  assert.equal(
    dynamodb.asked.map(({ input }) => [input.Limit, input.ExclusiveStartKey?.pk.S]),
    [
      [3, undefined],
      [2, "t"],
      [1, "t"],
    ],
  );
});

test("the end of a range is not part of it", async () => {
  const { rows } = scene(() => ({ Items: ["a", "b", "c"].map(item) }));
  const page = await rows.page({ table: "t", partition: "", from: "a", to: "c", limit: 10 });
  assert.equal(
    page.map(({ id }) => id),
    ["a", "b"],
  );
});

test("crossed or equal bounds are empty, without a request", async () => {
  const { rows, dynamodb } = scene();
  for (const [from, to] of [
    ["b", "a"],
    ["a", "a"],
  ] as const)
    assert.equal(await rows.page({ table: "t", partition: "", from, to, limit: 10 }), []);
  assert.equal(dynamodb.asked, []);
});

test.run();
