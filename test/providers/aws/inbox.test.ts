import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as assert from "uvu/assert";
import { completed } from "../../../providers/aws/config.ts";
import { Inbox } from "../../../providers/aws/queues/inbox.ts";
import { Load } from "../../../providers/aws/queues/load.ts";
import { QueueName } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { failureOf } from "../../support/failure.ts";
import { fakeClient, type FakeRequest } from "../../support/fake-client.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: inbox");
const queue = QueueName.parse("Orders-Payment");
const table = "beehive-beehive";

function scene(answer?: (request: FakeRequest) => unknown) {
  const clock = new ManualClock();
  const dynamodb = fakeClient<DynamoDBClient>(answer);
  const inbox = new Inbox(dynamodb, completed({ inboxAge: "2d" }), clock, new Load(5));
  return { clock, dynamodb, inbox };
}

/** Advances the clock until the work is done. */
async function inTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const end = (): void => void (done = true);
  work.then(end, end);
  while (!done) await clock.advance(1_000);
  return work;
}

test("a read asks for at most 100 keys, none twice", async () => {
  const { inbox, dynamodb } = scene();
  const ids = Array.from({ length: 250 }, (_, n) => `e-${n}`);
  assert.is((await inbox.handled(queue, [...ids, ...ids])).size, 0);
  const keys = dynamodb.asked.map(({ input }) => input.RequestItems[table].Keys as { sk: { S: string } }[]);
  assert.equal(
    keys.map(({ length }) => length),
    [100, 100, 50],
  );
  assert.equal(
    keys.flat().map(({ sk }) => sk.S),
    ids,
  );
  assert.ok(dynamodb.asked.every(({ input }) => input.RequestItems[table].ConsistentRead === true));
});

test("expired records do not count", async () => {
  const { inbox, clock } = scene(() => ({
    Responses: {
      [table]: [
        { sk: { S: "past" }, expires: { N: String(clock.now() - 1) } },
        { sk: { S: "present" }, expires: { N: String(clock.now() + 1) } },
        { sk: { S: "always" } },
      ],
    },
  }));
  assert.equal([...(await inbox.handled(queue, ["past", "present", "always", "other"]))], ["present", "always"]);
});

test("unprocessed keys are read five times at most", async () => {
  const { inbox, clock, dynamodb } = scene(({ input }) => ({ UnprocessedKeys: input.RequestItems }));
  const failure = await failureOf(inTime(clock, inbox.handled(queue, ["e-1"])));
  assert.equal([failure.code, dynamodb.asked.length], ["Throttled", 5]);
});

test("an unprocessed record is written again", async () => {
  let writes = 0;
  const { inbox, clock, dynamodb } = scene(({ input }) => {
    const [first] = input.RequestItems[table];
    return writes++ === 0 ? { UnprocessedItems: { [table]: [first] } } : {};
  });
  await inTime(clock, Promise.all([inbox.record(queue, "a"), inbox.record(queue, "b")]));
  const written = dynamodb.asked.map(({ input }) =>
    input.RequestItems[table].map(
      ({ PutRequest }: { PutRequest: { Item: { sk: { S: string } } } }) => PutRequest.Item.sk.S,
    ),
  );
  assert.equal(written, [["a", "b"], ["a"]]);
});

test("two records of one event become one write", async () => {
  const { inbox, dynamodb } = scene();
  await Promise.all([inbox.record(queue, "a"), inbox.record(queue, "a")]);
  assert.equal(
    dynamodb.asked.map(({ input }) => input.RequestItems[table].length),
    [1],
  );
});

test("a record expires after the age of the inbox", async () => {
  const { inbox, dynamodb, clock } = scene();
  await inbox.record(queue, "a");
  const [{ PutRequest }] = dynamodb.asked.flatMap(({ input }) => input.RequestItems[table]);
  const { Item } = PutRequest;
  const expires = clock.now() + 2 * 24 * 60 * 60 * 1_000;
  assert.equal([Item.expires.N, Item.ttl.N], [String(expires), String(expires / 1_000)]);
});

test("a write has at most 25 records", async () => {
  const { inbox, dynamodb } = scene();
  await Promise.all(Array.from({ length: 30 }, (_, n) => inbox.record(queue, `e-${n}`)));
  assert.equal(
    dynamodb.asked.map(({ input }) => input.RequestItems[table].length),
    [25, 5],
  );
});

test.run();
