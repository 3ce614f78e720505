/** Features that options switch on: claim checks and the inbox. */
import * as assert from "uvu/assert";
import { QueueName } from "../../../src/index.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { awsScene, eventTo, spec, take, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: options", { timeoutMs: 30_000 });
const large = "x".repeat(400_000);
let scene: AwsScene;
test.before(async () => {
  scene = await awsScene({ bucket: "data", claimCheck: true, idempotent: true });
  await scene.provider.setup();
  await scene.provider.queues.ensure([
    spec("Large-"),
    spec("Large-Reader"),
    spec("Small"),
    spec("Line", { ordered: true }),
    spec("In"),
    spec("Out"),
  ]);
});
test.after(() => scene.close());

test("a claim check carries a large event through every path", async () => {
  const { provider } = scene;
  await provider.queues.push([eventTo("Large-", large)]);
  const first = await takeOne(provider, "Large-Reader");
  await provider.queues.abandon(first, { delayMs: 0, countAttempt: false });
  const lease = await takeOne(provider, "Large-Reader");
  assert.is(lease.event.getBody(), large);
  await provider.queues.deadLetter(lease, letterFor(lease));
  for await (const letter of provider.queues.deadLetters(lease.queueName)) assert.is(letter.event.getBody(), large);
  await provider.queues.requeue(lease.queueName, lease.event.id);
  assert.is((await takeOne(provider, "Large-Reader")).event.getBody(), large);
});

test("without claim checks a large event is TooLarge, with both sizes", async () => {
  const plain = scene.another({ claimCheck: false });
  const error = await failureOf(plain.queues.push([eventTo("Small", 1), eventTo("Small", large)]));
  assert.is(error.code, "TooLarge");
  assert.match(error.message, /400\d{3} bytes.*262144/);
  assert.is((await plain.queues.counts(QueueName.parse("Small"))).ready, 0);
});

test("the inbox drops an event that was committed before", async () => {
  const { provider } = scene;
  const event = eventTo("In", 1);
  await provider.queues.push([event]);
  await provider.queues.commit(await takeOne(provider, "In"), []);
  await provider.queues.push([event, eventTo("In", 2)]);
  assert.equal(
    (await take(provider, "In", 1)).map((lease) => lease.event.getBody()),
    [2],
  );
  const { ready, leased } = await provider.queues.counts(QueueName.parse("In"));
  assert.equal([ready, leased], [0, 1]);
});

test("the inbox tells events of two sources apart", async () => {
  const { provider } = scene;
  const of = (source: string) => eventTo("In", source, { id: "1", properties: { source } });
  await provider.queues.push([of("/a")]);
  await provider.queues.commit(await takeOne(provider, "In"), []);
  await provider.queues.push([of("/a"), of("/b")]);
  const lease = await takeOne(provider, "In");
  assert.is(lease.event.getBody(), "/b");
  await provider.queues.commit(lease, []);
});

test("a step that fails before it publishes is not in the inbox", async () => {
  const { provider } = scene;
  await provider.queues.push([eventTo("In", 3)]);
  const lease = await takeOne(provider, "In");
  scene.servers.interfere = ({ action }) =>
    action === "sqs:SendMessageBatch"
      ? { status: 400, body: JSON.stringify({ __type: "com.amazonaws#AccessDenied", message: "no" }) }
      : undefined;
  const error = await failureOf(provider.queues.commit(lease, [eventTo("Out", 3)]));
  assert.is(error.code, "AccessDenied");
  scene.servers.interfere = () => undefined;
  await provider.queues.abandon(lease, { delayMs: 0, countAttempt: true });
  assert.equal((await takeOne(provider, "In")).attempt, 2);
});

test("increments count once after their keys left the counter's item", async () => {
  const { counters } = scene.provider.stores;
  const keys = Array.from({ length: 80 }, (_, n) => `k${n}`);
  const first: number[] = [];
  for (const once of keys) first.push(await counters.increment("Stock", "a", 1, { once }));
  const again = await Promise.all(keys.map((once) => counters.increment("Stock", "a", 1, { once })));
  assert.equal(again, first);
  assert.is(await counters.get("Stock", "a"), 80);
});

test("an item above 400 KB is TooLarge, with both sizes", async () => {
  const error = await failureOf(
    scene.provider.stores
      .collection<{ id: string; text: string }>("Items")
      .insert({ id: "a", text: "x".repeat(420_000) }),
  );
  assert.is(error.code, "TooLarge");
  assert.match(error.message, /42\d{4} bytes.*409600/);
});

test("a key-value store without a bucket says how to configure one", async () => {
  const without = scene.another({ bucket: undefined, claimCheck: false });
  const error = await failureOf(without.stores.keyValue("Bills").upsert("a", "1"));
  assert.is(error.code, "InvalidConfiguration");
  assert.match(error.message, /bucket=/);
});

test("a large stream is stored in parts and read back whole", async () => {
  const store = scene.provider.stores.keyValue("Films");
  const part = new Uint8Array(3 * 1024 * 1024).fill(7);
  const { size } = await store.upsert(
    "long",
    (async function* () {
      for (let n = 0; n < 4; n++) yield part;
    })(),
  );
  assert.is(size, 4 * part.length);
  assert.is((await store.get("long")).body.length, size);
});

test.run();
