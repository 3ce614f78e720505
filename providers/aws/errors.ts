import { BeeHiveError, type ErrorCode } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";

/** A request to AWS: its action as IAM writes it, and the resource. */
export interface Operation {
  readonly action: string;
  readonly resource: string;
}

const access = "The credentials need the right";
const identity = "The credentials were refused. Check the profile, the keys or the role";

/** Returns a pattern of error names, each a pattern itself. */
function anyOf(...names: readonly string[]): RegExp {
  return new RegExp(`^(${names.join("|")})$`);
}

/** Error names of requests that are wrong in themselves; a repetition fails too. */
const refusals = anyOf(
  "UnsupportedOperation",
  "InvalidAddress",
  "InvalidParameter\\w*",
  "InvalidMessageContents",
  "InvalidAttribute(Name|Value)",
  "ValidationException",
  "SerializationException",
  "MissingParameter",
);

/** Error names of SQS, SNS, DynamoDB and S3, with their code and the next step. */
const meanings: readonly (readonly [names: RegExp, code: ErrorCode, advice: string])[] = [
  [
    anyOf("NonExistentQueue", "QueueDoesNotExist", "NotFound(Exception)?"),
    "QueueNotFound",
    "It does not exist. Call hive.setup() first",
  ],
  [
    anyOf(
      "AccessDenied(Exception)?",
      "AuthorizationError(Exception)?",
      "AllAccessDisabled",
      "KMSAccessDenied\\w*",
      "Kms\\.?AccessDenied\\w*",
      "InvalidSecurity",
    ),
    "AccessDenied",
    access,
  ],
  [
    anyOf(
      "CredentialsProviderError",
      "UnrecognizedClientException",
      "InvalidClientTokenId",
      "InvalidAccessKeyId",
      "SignatureDoesNotMatch",
      "InvalidSignatureException",
      "ExpiredToken(Exception)?",
      "MissingAuthenticationToken(Exception)?",
      "IncompleteSignature",
    ),
    "AccessDenied",
    identity,
  ],
  [
    anyOf(
      "Throttl\\w+",
      "RequestThrottled\\w*",
      "TooManyRequests\\w*",
      "ProvisionedThroughputExceededException",
      "RequestLimitExceeded",
      "SlowDown",
      "OverLimit",
      "LimitExceededException",
      "BandwidthLimitExceeded",
    ),
    "Throttled",
    "AWS throttles requests. Events of actors are retried; repeat a push of your own later",
  ],
  [
    anyOf("ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValueReceiptHandle"),
    "LeaseLost",
    "The message is no longer leased under this receipt. Another consumer may have it",
  ],
  [
    anyOf("TimeoutError", "AbortError", "ETIMEDOUT"),
    "Timeout",
    "AWS did not respond in time. Events of actors are retried; repeat a push of your own, with the same ids",
  ],
  [
    anyOf("BatchRequestTooLong", "EntityTooLarge", "ItemSizeTooLarge"),
    "TooLarge",
    "It is larger than the service takes. Keep large data in the key-value store and send its key",
  ],
  [
    /^ResourceNotFoundException$/,
    "Unavailable",
    "The table does not exist. Call hive.setup() first, or create it, see deploy/aws",
  ],
  [/^NoSuchBucket$/, "Unavailable", "The bucket does not exist. Call hive.setup() first, or create it, see deploy/aws"],
  [refusals, "Unavailable", "The service refused the request"],
];

/** Maximum characters shown of an error message: a proxy may respond with a page. */
const maxMessage = 1_024;
const maxName = 128;

/** Returns the error of an SDK client as a `BeeHiveError` with action, resource and next step. */
export function translate(error: unknown, { action, resource }: Operation): BeeHiveError {
  if (error instanceof BeeHiveError) return error;
  const [name, message] = nameAndMessage(error);
  // Services refuse a size under many names, some of them shared with other refusals.
  const size = refusals.test(name) ? tooLarge(message) : undefined;
  const [, code, advice] = size ?? meanings.find(([names]) => names.test(name)) ?? tooLarge(message) ?? unknown(error);
  const nextStep = advice === access ? `${access} ${action} on ${resource}` : advice;
  return new BeeHiveError(code, `${action} on ${resource} failed: ${name}: ${message} ${nextStep}.`, { cause: error });
}

/** Returns whether AWS responded with an error of one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(nameAndMessage(error)[0]);
}

/** Returns whether AWS refused the content of a request, so that a repetition fails too. */
export function isRefusal({ code, cause }: BeeHiveError): boolean {
  return code === "TooLarge" || refusals.test(nameAndMessage(cause)[0]);
}

function tooLarge(message: string): (typeof meanings)[number] | undefined {
  if (!/must be shorter than|too long|maximum allowed size|exceeded the maximum/i.test(message)) return undefined;
  return [/./, "TooLarge", "Keep large data in the key-value store and send its key"];
}

function unknown(error: unknown): (typeof meanings)[number] {
  if (error instanceof Error && /^Region (is missing|not accepted)/.test(error.message))
    return [/./, "InvalidConfiguration", "Set it with aws:?region=eu-west-1, or in AWS_REGION"];
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return [
    /./,
    "Unavailable",
    $metadata?.httpStatusCode === undefined ? "AWS could not be reached" : "Events of actors are retried",
  ];
}

/**
 * Returns the name and the message of an SDK error.
 *
 * Network errors have their code in a field. The SDK also calls a connection that was reset a `TimeoutError`.
 */
function nameAndMessage(error: unknown): [name: string, message: string] {
  if (!(error instanceof Error)) return ["Error", safeText(String(error), maxMessage)];
  const { code, Code } = error as { code?: string; Code?: string };
  const name = /^((Aggregate|Timeout)?Error|Unknown)$/.test(error.name) ? (Code ?? code ?? error.name) : error.name;
  // With query compatibility, SQS puts its own prefix before the code.
  return [
    safeText(name.replace(/^AWS\.SimpleQueueService\./, ""), maxName),
    error.message === "" ? "no further message." : safeText(error.message, maxMessage).replace(/[^.!?]$/, "$&."),
  ];
}
