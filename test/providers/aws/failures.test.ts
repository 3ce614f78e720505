/** Failures of AWS. */
import * as assert from "uvu/assert";
import { isRefusal, translate } from "../../../providers/aws/errors.ts";
import { QueueName, silentLogger } from "../../../src/index.ts";
import { awsScene, eventTo, spec, take, takeOne, type AwsScene } from "../../support/aws-hive.ts";
import type { Interference } from "../../support/aws-servers.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: failures", { timeoutMs: 30_000 });
let scene: AwsScene;
test.before(async () => {
  scene = await awsScene();
  await scene.provider.setup();
  await scene.provider.queues.ensure(["A", "B", "C", "D", "E", "F", "G", "H", "I"].map((name) => spec(name)));
  await scene.provider.queues.ensure([spec("Topic-"), spec("Topic-Reader")]);
});
test.after(() => scene.close());
test.after.each(() => {
  scene.servers.interfere = () => undefined;
});

/** Lets the server respond, then reports the entries of these indices as failed, `times` times. */
function failing(action: string, indices: readonly number[], senderFault: boolean, times: number): Interference {
  let left = times;
  return (request) => {
    if (request.action !== action || left-- <= 0) return undefined;
    return (answer) => {
      const { Successful } = JSON.parse(answer) as { readonly Successful: { readonly Id: string }[] };
      const failed = Successful.filter((_, index) => indices.includes(index));
      return JSON.stringify({
        Successful: Successful.filter((one) => !failed.includes(one)),
        Failed: failed.map(({ Id }) => ({ Id, Code: "InternalError", Message: "not now", SenderFault: senderFault })),
      });
    };
  };
}

const refused =
  (action: string, type: string, status = 400): Interference =>
  (request) =>
    request.action === action
      ? { status, body: JSON.stringify({ __type: `com.amazonaws#${type}`, message: "said no" }) }
      : undefined;

test("of a batch of deletes, the failed one alone is repeated", async () => {
  const { queues } = scene.provider;
  await queues.push(["1", "2", "3"].map((body) => eventTo("A", body)));
  const leases = await take(scene.provider, "A", 3);
  const deletes: number[] = [];
  const fail = failing("sqs:DeleteMessageBatch", [1], false, 1);
  scene.servers.interfere = (request) => {
    if (request.action === "sqs:DeleteMessageBatch")
      deletes.push((JSON.parse(request.body) as { readonly Entries: unknown[] }).Entries.length);
    return fail(request);
  };
  await Promise.all(leases.map((lease) => queues.commit(lease, [])));
  assert.equal(deletes, [3, 1]);
});

test("of a batch of sends, the refused one fails alone", async () => {
  const { queues } = scene.provider;
  await queues.push(["1", "2", "3"].map((body) => eventTo("B", body)));
  const leases = await take(scene.provider, "B", 3);
  scene.servers.interfere = failing("sqs:SendMessageBatch", [1], true, 1);
  const outcomes = await Promise.allSettled(leases.map((lease) => queues.commit(lease, [eventTo("C", "out")])));
  assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 1);
  assert.equal(
    await queues.renew(leases, 60_000),
    outcomes.map(({ status }) => status === "rejected"),
  );
});

test("a stale receipt fails one renewal of several", async () => {
  const { queues } = scene.provider;
  await queues.push(["1", "2", "3"].map((body) => eventTo("D", body)));
  const leases = await take(scene.provider, "D", 3);
  scene.servers.interfere = ({ action, body }) => {
    if (action !== "sqs:ChangeMessageVisibilityBatch") return undefined;
    const [first, second, third] = (JSON.parse(body) as { readonly Entries: { readonly Id: string }[] }).Entries;
    const failed = { Id: second?.Id, Code: "ReceiptHandleIsInvalid", Message: "stale", SenderFault: true };
    return {
      status: 200,
      body: JSON.stringify({ Successful: [{ Id: first?.Id }, { Id: third?.Id }], Failed: [failed] }),
    };
  };
  assert.equal(await queues.renew(leases, 60_000), [true, false, true]);
});

test("denied access names the missing right", async () => {
  for (const [action, iam, work] of [
    ["sqs:SendMessageBatch", "sqs:SendMessage on test-E", () => scene.provider.queues.push([eventTo("E", 1)])],
    [
      "sqs:GetQueueAttributes",
      "sqs:GetQueueAttributes on test-E",
      () => scene.provider.queues.counts(QueueName.parse("E")),
    ],
    ["dynamodb:GetItem", "dynamodb:GetItem on test-beehive", () => scene.provider.stores.collection("Items").get("a")],
  ] as const) {
    scene.servers.interfere = refused(action, "AccessDeniedException");
    const error = await failureOf(work());
    assert.is(error.code, "AccessDenied");
    assert.match(error.message, iam);
    assert.match(error.message, /need the right/);
  }
});

test("denied access to SNS names sns:Publish and the topic", async () => {
  scene.servers.interfere = ({ action }) =>
    action === "sns:PublishBatch"
      ? {
          status: 403,
          headers: { "content-type": "text/xml" },
          body: "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>not authorized</Message></Error></ErrorResponse>",
        }
      : undefined;
  const error = await failureOf(scene.provider.queues.push([eventTo("Topic-", 1)]));
  assert.is(error.code, "AccessDenied");
  assert.match(error.message, /sns:Publish on test-Topic/);
});

test("refused credentials are reported as such", async () => {
  for (const type of ["UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException"]) {
    scene.servers.interfere = refused("sqs:SendMessageBatch", type, 403);
    const error = await failureOf(scene.provider.queues.push([eventTo("E", 1)]));
    assert.is(error.code, "AccessDenied");
    assert.match(error.message, /credentials were refused/);
  }
});

test("throttling that outlasts the SDK is Throttled", async () => {
  scene.servers.interfere = refused("dynamodb:GetItem", "ProvisionedThroughputExceededException");
  assert.is((await failureOf(scene.provider.stores.counters.get("Stock", "a"))).code, "Throttled");
});

test("the SDK repeats a request that was throttled once", async () => {
  let times = 0;
  scene.servers.interfere = (request) =>
    request.action === "dynamodb:GetItem" && times++ === 0
      ? refused("dynamodb:GetItem", "ThrottlingException")(request)
      : undefined;
  assert.is(await scene.provider.stores.counters.get("Stock", "a"), 0);
  assert.is(times, 2);
});

test("an unreachable endpoint is Unavailable, with its address", async () => {
  const lost = scene.another({ endpoint: "http://127.0.0.1:1" });
  const error = await failureOf(lost.queues.push([eventTo("E", 1)]));
  assert.is(error.code, "Unavailable");
  assert.match(error.message, /sqs:GetQueueUrl on test-E failed: ECONNREFUSED/);
});

test("a delete that outlasts the lease is LeaseLost", async () => {
  await scene.provider.queues.push([eventTo("F", 1)]);
  const lease = await takeOne(scene.provider, "F", 300);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const send = scene.provider.queues.commit(lease, []);
  setTimeout(release, 1_500);
  scene.servers.delay = ({ action }) => (action === "sqs:DeleteMessageBatch" ? held : undefined);
  const error = await failureOf(send);
  scene.servers.delay = () => undefined;
  assert.is(error.code, "LeaseLost");
});

test("unprocessed batch writes are repeated", async () => {
  const lists = scene.provider.stores.keyedList<{ id: string }>("Parked");
  for (let n = 0; n < 30; n++) await lists.insert("L", "k", { id: String(n) });
  let times = 0;
  scene.servers.interfere = (request) => {
    if (request.action !== "dynamodb:BatchWriteItem" || times++ > 0) return undefined;
    const { RequestItems } = JSON.parse(request.body) as { readonly RequestItems: unknown };
    return { status: 200, body: JSON.stringify({ UnprocessedItems: RequestItems }) };
  };
  await lists.deleteList("L", "k");
  assert.is(await lists.listExists("L", "k"), false);
  assert.is(times, 3);
});

test("a push fails only after all of its sends have ended", async () => {
  const { queues } = scene.provider;
  scene.servers.interfere = (request) =>
    request.body.includes("test-H") ? refused("sqs:SendMessageBatch", "AccessDenied")(request) : undefined;
  let done = false;
  scene.servers.delay = async ({ action, body }) => {
    if (action !== "sqs:SendMessageBatch" || !body.includes("test-I")) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
    done = true;
  };
  assert.is((await failureOf(queues.push([eventTo("H", 1), eventTo("I", 2)]))).code, "AccessDenied");
  scene.servers.delay = () => undefined;
  assert.is(done, true);
  assert.is((await takeOne(scene.provider, "I")).event.getBody(), 2);
});

test("a failed look-up of topics is repeated at once", async () => {
  const { queues } = scene.another();
  const error = "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>";
  scene.servers.interfere = ({ action }) =>
    action === "sns:ListTopics" ? { status: 403, headers: { "content-type": "text/xml" }, body: error } : undefined;
  assert.is((await failureOf(queues.push([eventTo("Topic-", 1)]))).code, "AccessDenied");
  scene.servers.interfere = () => undefined;
  await queues.push([eventTo("Topic-", 1)]);
});

test("a commit with a stale receipt names the event", async () => {
  const { queues } = scene.provider;
  await queues.push([eventTo("I", 1)]);
  const lease = await takeOne(scene.provider, "I");
  scene.servers.interfere = refused("sqs:DeleteMessageBatch", "ReceiptHandleIsInvalid");
  const error = await failureOf(queues.commit(lease, []));
  assert.is(error.code, "LeaseLost");
  assert.ok(error.message.includes(lease.event.id), error.message);
});

test("a size refused under another name is TooLarge", () => {
  for (const [name, message] of [
    ["InvalidParameterValue", "Reason: Message must be shorter than 262144 bytes."],
    ["ValidationException", "Item size has exceeded the maximum allowed size"],
  ] as const) {
    const error = translate(Object.assign(new Error(message), { name }), { action: "a", resource: "r" });
    assert.equal([error.code, isRefusal(error)], ["TooLarge", true]);
  }
  const other = translate(Object.assign(new Error("no"), { name: "AccessDenied" }), { action: "a", resource: "r" });
  assert.is(isRefusal(other), false);
});

test("denied renewals are logged once, and leases are held to their end", async () => {
  const lines: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void lines.push((fields as { err: unknown }).err) };
  const provider = scene.another({ logger });
  await provider.queues.push(["1", "2"].map((body) => eventTo("G", body)));
  const leases = await take(provider, "G", 2);
  scene.servers.interfere = refused("sqs:ChangeMessageVisibilityBatch", "AccessDenied");
  assert.equal(await provider.queues.renew(leases, 60_000), [true, true]);
  assert.is(lines.length, 1);
  assert.match(String((lines[0] as Error).message), /need the right sqs:ChangeMessageVisibility on test-G/);
});

test.run();
