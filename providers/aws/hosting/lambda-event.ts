import { BeeHiveError } from "../../../src/base/errors.ts";

/** The fields used of `SQSRecord` in @types/aws-lambda. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: object;
  readonly messageAttributes?:
    | Readonly<
        Record<
          string,
          {
            readonly stringValue?: string | undefined;
            readonly binaryValue?: string | undefined;
            readonly dataType: string;
          }
        >
      >
    | undefined;
  readonly eventSourceARN: string;
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

type Fields = Readonly<Record<string, unknown>>;

const subscribe = "Send it to a queue that an actor reads; an event source mapping brings it from there";
const toTopic = "Subscribe the queue to the topic, as hive.setup() does";
const directly = "Handle it in a function of its own, and push events from there into the hive";

/** Calls that carry no SQS messages: the fields that show it, what it is, what to do. */
const others: readonly (readonly [shows: (event: Fields) => boolean, what: string, advice: string])[] = [
  [({ detail, source }) => detail !== undefined && source !== undefined, "an event of EventBridge", subscribe],
  [
    ({ requestContext, httpMethod, routeKey }) =>
      [requestContext, httpMethod, routeKey].some((one) => one !== undefined),
    "a request over HTTP (API Gateway, a function URL or a load balancer)",
    directly,
  ],
  [
    ({ RequestType, ResponseURL }) => RequestType !== undefined && ResponseURL !== undefined,
    "a request of CloudFormation",
    directly,
  ],
  [({ triggerSource }) => triggerSource !== undefined, "a trigger of Cognito", directly],
  [({ awslogs }) => awslogs !== undefined, "a subscription of CloudWatch Logs", directly],
];

/** Names of the records of other services, and what to do. */
const sources: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  "aws:sns": ["a notification of SNS", toTopic],
  "aws:s3": ["a notification of S3", subscribe],
  "aws:dynamodb": ["a stream of DynamoDB", directly],
  "aws:kinesis": ["a stream of Kinesis", directly],
  "aws:ses": ["a mail of SES", directly],
  "aws:kafka": ["records of Kafka", directly],
  SelfManagedKafka: ["records of Kafka", directly],
  "aws:mq": ["messages of Amazon MQ", directly],
  "aws:rmq": ["messages of Amazon MQ", directly],
};

/** Returns the SQS messages of a call. @throws BeeHiveError `InvalidConfiguration` for any other call. */
export function recordsIn(event: unknown): readonly SqsRecord[] {
  const { Records: records } = (event ?? {}) as Fields;
  if (Array.isArray(records) && records.every(isRecord)) return records;
  const [what, advice] = otherThanSqs(event);
  throw new BeeHiveError(
    "InvalidConfiguration",
    "This function takes batches of SQS messages, from an event source mapping with " +
      `ReportBatchItemFailures. It was called with ${what}; no event was handled. ${advice}.`,
  );
}

/** Returns the remaining time of the function in ms. @throws BeeHiveError `InvalidConfiguration` without one. */
export function remainingMsIn(context: unknown): number {
  const { getRemainingTimeInMillis: ask } = (context ?? {}) as { readonly getRemainingTimeInMillis?: unknown };
  const ms: unknown = typeof ask === "function" ? ask.call(context) : undefined;
  if (typeof ms === "number" && Number.isFinite(ms)) return ms;
  throw new BeeHiveError(
    "InvalidConfiguration",
    "This function was called without getRemainingTimeInMillis in its context; no event was handled. In " +
      "a test, call it with { getRemainingTimeInMillis: () => 30_000 }.",
  );
}

function isRecord(value: unknown): value is SqsRecord {
  const { messageId, receiptHandle, body, eventSourceARN } = (value ?? {}) as Fields;
  return [messageId, receiptHandle, body, eventSourceARN].every((one) => typeof one === "string");
}

function otherThanSqs(event: unknown): readonly [what: string, advice: string] {
  if (typeof event !== "object" || event === null)
    return [event === undefined ? "nothing" : `a ${event === null ? "null" : typeof event}`, testing];
  const fields = event as Fields;
  const [record] = Array.isArray(fields["Records"]) ? (fields["Records"] as readonly (Fields | null)[]) : [fields];
  const source = record?.["eventSource"] ?? record?.["EventSource"];
  const known = typeof source === "string" && Object.hasOwn(sources, source) ? sources[source] : undefined;
  const other = others.find(([shows]) => shows(fields));
  if (known) return known;
  if (other) return [other[1], other[2]];
  if (source === "aws:sqs") return ["records that lack messageId, receiptHandle, body or eventSourceARN", testing];
  return [`an object with the fields ${namesIn(fields)}`, testing];
}

const testing =
  'For a test in the console of Lambda choose the template "SQS", with the ARN of a queue that an actor reads';

/** Names only: values may be secrets. */
function namesIn(fields: Fields): string {
  const names = Object.keys(fields);
  const some = names.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 40)));
  return `${some.join(", ") || "none"}${names.length > some.length ? ", ..." : ""}`;
}
