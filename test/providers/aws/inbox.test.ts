import * as assert from "uvu/assert";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { Load } from "../../../providers/aws/queues/load.ts";
import { completed } from "../../../providers/aws/config.ts";
import { Inbox } from "../../../providers/aws/queues/inbox.ts";
import { QueueName } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { fakeClient, type FakeRequest } from "../../support/fake-client.ts";
import { failureOf } from "../../support/failure.ts";
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

/** Moves the clock on until the work is done. */
async function inTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const end = (): void => void (done = true);
  work.then(end, end);
  while (!done) await clock.advance(1_000);
  return work;
}

test("given more events than a read takes, when they are asked for, then each read has 100 keys at the most, none twice", async () => {
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

test("given notes that have expired and are not removed yet, when they are read, then their events are new again", async () => {
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

test("given keys that stay unread, when they were asked for five times, then the read is given up", async () => {
  const { inbox, clock, dynamodb } = scene(({ input }) => ({ UnprocessedKeys: input.RequestItems }));
  const failure = await failureOf(inTime(clock, inbox.handled(queue, ["e-1"])));
  assert.equal([failure.code, dynamodb.asked.length], ["Throttled", 5]);
});

test("given notes of which one is left unwritten, when they are written, then that one is written again", async () => {
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

test("given two notes of one event, when they are written together, then they are one: a write refuses two", async () => {
  const { inbox, dynamodb } = scene();
  await Promise.all([inbox.record(queue, "a"), inbox.record(queue, "a")]);
  assert.equal(
    dynamodb.asked.map(({ input }) => input.RequestItems[table].length),
    [1],
  );
});

test("given a note, when it is written, then it expires after as many days as the inbox remembers", async () => {
  const { inbox, dynamodb, clock } = scene();
  await inbox.record(queue, "a");
  const [{ PutRequest }] = dynamodb.asked.flatMap(({ input }) => input.RequestItems[table]);
  const { Item } = PutRequest;
  const expires = clock.now() + 2 * 24 * 60 * 60 * 1_000;
  assert.equal([Item.expires.N, Item.ttl.N], [String(expires), String(expires / 1_000)]);
});

test("given more notes than a write takes, when they are written, then each write has 25 at the most", async () => {
  const { inbox, dynamodb } = scene();
  await Promise.all(Array.from({ length: 30 }, (_, n) => inbox.record(queue, `e-${n}`)));
  assert.equal(
    dynamodb.asked.map(({ input }) => input.RequestItems[table].length),
    [25, 5],
  );
});

test.run();
