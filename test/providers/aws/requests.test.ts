/** Number of requests to AWS for an event: requests cost money. */
import * as assert from "uvu/assert";
import { actorDescription, createHive, Event, silentLogger, type ActorClass } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { awsScene, eventTo, spec, take, takeOne } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: requests per event", { timeoutMs: 60_000 });

/** 0.1 send + 0.1 receive + 0.1 delete for each hop, and a margin. */
const floor = 0.3;
const target = 0.35;
const events = 400;

function actor(queueName: string, next: string | undefined, done: () => void): ActorClass {
  class Hop {
    async processAsync(event: Event): Promise<Event[]> {
      done();
      return next === undefined ? [] : [new Event("Hop", event.getBody(), { queueName: next })];
    }
  }
  actorDescription(queueName, next === undefined ? {} : { publishes: [`${next}-${next}`] })(Hop);
  return Hop;
}

test("a chain of queues takes at most 0.35 requests an event and hop", async () => {
  const scene = await awsScene();
  const names = ["One", "Two", "Three", "Four"];
  let done = 0;
  const actors = names.map((name, n) => actor(name, names[n + 1], () => void done++));
  const hive = await createHive({ actors, provider: scene.provider, logger: silentLogger });
  await hive.setup();
  scene.sent.clear();
  await hive.push(Array.from({ length: events }, (_, n) => new Event("Hop", n, { queueName: "One" })));
  await hive.start();
  while (done < names.length * events) await new Promise((resolve) => setTimeout(resolve, 5));
  await hive.stop();
  await scene.close();
  // The push is the send of the first hop, so every hop has all three.
  const requests = ["SendMessageBatchCommand", "ReceiveMessageCommand", "DeleteMessageBatchCommand"].map(
    (name) => scene.sent.get(name) ?? 0,
  );
  const each = requests.reduce((sum, count) => sum + count) / (events * names.length);
  assert.ok(
    each >= floor - 0.001 && each <= target,
    `${each.toFixed(3)} requests an event a hop: ${requests.join(" + ")}`,
  );
});

test("a single event never waits for others", async () => {
  const scene = await awsScene({ linger: "1s" });
  const { provider } = scene;
  await provider.queues.ensure([spec("In"), spec("Out")]);
  await provider.queues.push([eventTo("In", 1)]);
  const lease = await takeOne(provider, "In");
  const started = performance.now();
  await provider.queues.commit(lease, [eventTo("Out", 2)]);
  const took = performance.now() - started;
  await scene.close();
  assert.ok(took < 1_000, `it took ${took} ms, as long as the linger`);
});

test("an idle queue costs one request for each wait", async () => {
  const scene = await awsScene();
  await scene.provider.queues.ensure([spec("Idle")]);
  scene.sent.clear();
  const { signal } = new AbortController();
  await scene.provider.queues.lease(spec("Idle").name, { max: 100, leaseMs: 60_000, waitMs: 2_500, signal });
  const receives = scene.sent.get("ReceiveMessageCommand") ?? 0;
  await scene.close();
  assert.ok(receives <= 4, `${receives} receives in 2.5 s of waits of a second`);
});

test("a health check is one request, with a full look-up once a minute", async () => {
  const clock = new ManualClock();
  const scene = await awsScene({ clock });
  const specs = [spec("Mail-"), spec("Mail-A"), spec("Mail-B"), spec("Mail-C"), spec("Post")];
  await scene.another().queues.ensure(specs);
  const look = async (): Promise<unknown> => {
    scene.sent.clear();
    const missing = await scene.provider.queues.missing(specs);
    return [missing.map(String), Object.fromEntries(scene.sent)];
  };
  const all = { ListTopicsCommand: 1, GetQueueUrlCommand: 8, ListSubscriptionsByTopicCommand: 1 };
  assert.equal(await look(), [[], all]);
  assert.equal(await look(), [[], { GetQueueUrlCommand: 1 }]);
  await clock.advance(59_000);
  await scene.another().queues.delete(spec("Mail-C").name);
  assert.equal(await look(), [[], { GetQueueUrlCommand: 1 }]);
  await clock.advance(1_000);
  assert.equal(await look(), [["Mail-C"], { ...all, GetQueueUrlCommand: 7 }]);
  assert.equal(await look(), [["Mail-C"], { GetQueueUrlCommand: 1 }]);
  await scene.another().queues.delete(spec("Mail-A").name);
  await scene.another().queues.ensure([spec("Mail-C")]);
  assert.equal(await look(), [[], { ListTopicsCommand: 1, GetQueueUrlCommand: 2, ListSubscriptionsByTopicCommand: 1 }]);
  assert.equal(await look(), [["Mail-A"], { ...all, GetQueueUrlCommand: 8 }]);
  await scene.close();
});

test("a health check fails while AWS does not respond", async () => {
  const scene = await awsScene();
  await scene.provider.queues.ensure([spec("Mail-"), spec("Mail-A")]);
  scene.servers.interfere = ({ action }) =>
    action === "sqs:GetQueueUrl"
      ? { status: 403, body: JSON.stringify({ __type: "AccessDeniedException" }) }
      : undefined;
  const failure = await failureOf(scene.provider.queues.missing([spec("Mail-"), spec("Mail-A")]));
  assert.is(failure.code, "AccessDenied");
  await scene.close();
});

test("the first of two commits waits for the second, the last for none", async () => {
  const scene = await awsScene({ linger: "1s" });
  const { queues } = scene.provider;
  await queues.ensure([spec("Pair")]);
  await queues.push([1, 2, 3].map((body) => eventTo("Pair", body)));
  const [first, second] = await take(scene.provider, "Pair", 2);
  const [third] = await take(scene.provider, "Pair", 1);
  if (!first || !second || !third) throw new Error("fewer came");
  scene.servers.counts.clear();
  const commits = [queues.commit(first, [])];
  await new Promise((resolve) => setTimeout(resolve, 20));
  commits.push(queues.commit(second, []));
  await Promise.all(commits);
  assert.is(scene.servers.counts.get("sqs:DeleteMessageBatch"), 1);
  const startedAt = performance.now();
  await queues.commit(third, []);
  assert.ok(performance.now() - startedAt < 900);
  await scene.close();
});

test.run();
