/** Calls of a function without a batch of SQS messages. */
import * as assert from "uvu/assert";
import { recordsIn, remainingMsIn } from "../../../providers/aws/hosting/lambda-event.ts";
import { sqsHandler } from "../../../providers/aws/hosting/lambda.ts";
import { actorDescription, isBeeHiveError, silentLogger } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: calls of a function");

const record = {
  messageId: "m-1",
  receiptHandle: "r-1",
  body: "{}",
  attributes: {},
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:1:test-Orders",
};

function refusalOf(event: unknown): string {
  try {
    recordsIn(event);
  } catch (error) {
    assert.ok(isBeeHiveError(error, "InvalidConfiguration"), String(error));
    return error.message;
  }
  return "";
}

test("messages of SQS are returned", () => {
  assert.equal(recordsIn({ Records: [record] }), [record]);
  assert.equal(recordsIn({ Records: [] }), []);
});

test("other events are refused by kind, with the next step", () => {
  const kinds: readonly (readonly [event: unknown, text: RegExp])[] = [
    [{ key1: "value1" }, /an object with the fields "key1".*template "SQS"/],
    [{}, /an object with the fields none/],
    [undefined, /called with nothing.*template "SQS"/],
    [null, /called with a null/],
    ["ping", /called with a string/],
    [[], /an object with the fields none/],
    [{ Records: [{ EventSource: "aws:sns", Sns: {} }] }, /a notification of SNS.*Subscribe the queue to the topic/],
    [{ Records: [{ eventSource: "aws:s3", s3: {} }] }, /a notification of S3.*Send it to a queue/],
    [{ Records: [{ eventSource: "aws:kinesis" }] }, /a stream of Kinesis/],
    [{ Records: [{ eventSource: "aws:dynamodb" }] }, /a stream of DynamoDB/],
    [{ Records: [{ eventSource: "toString" }] }, /an object with the fields "Records"/],
    [{ Records: [null] }, /an object with the fields "Records"/],
    [{ eventSource: "aws:kafka", records: {} }, /records of Kafka/],
    [{ version: "0", source: "aws.events", "detail-type": "Scheduled Event", detail: {} }, /an event of EventBridge/],
    [{ requestContext: { elb: {} } }, /a request over HTTP/],
    [{ httpMethod: "GET", path: "/" }, /a request over HTTP/],
    [{ routeKey: "$default" }, /a request over HTTP/],
    [{ RequestType: "Create", ResponseURL: "https://x" }, /a request of CloudFormation/],
    [{ triggerSource: "PreSignUp" }, /a trigger of Cognito/],
    [{ awslogs: { data: "" } }, /CloudWatch Logs/],
  ];
  for (const [event, text] of kinds) assert.match(refusalOf(event), text, JSON.stringify(event));
});

test("records of SQS without a field are refused by their fields", () => {
  for (const field of ["messageId", "receiptHandle", "body", "eventSourceARN"])
    assert.match(refusalOf({ Records: [record, { ...record, [field]: undefined }] }), /lack messageId, receiptHandle/);
});

test("a refusal shows field names and no values", () => {
  const message = refusalOf(Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`field${n}`, "hunter2"])));
  assert.not.match(message, /hunter2|field10/);
  assert.match(message, /"field9", \.\.\./);
});

test("a context without the remaining time is refused with advice", () => {
  class Context {
    readonly #ms = 5;
    getRemainingTimeInMillis(): number {
      return this.#ms;
    }
  }
  assert.is(remainingMsIn(new Context()), 5);
  for (const odd of [
    undefined,
    null,
    {},
    { getRemainingTimeInMillis: 5 },
    { getRemainingTimeInMillis: () => Number.NaN },
  ])
    assert.throws(() => remainingMsIn(odd), /getRemainingTimeInMillis: \(\) => 30_000/);
});

test("a call without SQS messages fails before any request to AWS", async () => {
  class Taker {
    processAsync(): void {}
  }
  actorDescription("Orders")(Taker);
  const provider = "aws:?prefix=odd&region=eu-west-1&endpoint=http://127.0.0.1:1";
  const handler = sqsHandler({ actors: [Taker], logger: silentLogger, provider });
  const failure = await failureOf(handler({ key1: "v" } as never, { getRemainingTimeInMillis: () => 5_000 }));
  assert.is(failure.code, "InvalidConfiguration");
  await handler.close();
});

test.run();
