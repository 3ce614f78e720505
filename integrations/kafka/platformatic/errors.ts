import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError, isBeeHiveError, type ErrorCode } from "../../../src/base/errors.ts";

/** The codes of refusals of a broker that need another cure than time. */
const codes: Readonly<Record<string, ErrorCode>> = {
  MESSAGE_TOO_LARGE: "TooLarge",
  RECORD_LIST_TOO_LARGE: "TooLarge",
  INVALID_RECORD: "InvalidEvent",
  INVALID_TIMESTAMP: "InvalidEvent",
  UNKNOWN_TOPIC_OR_PARTITION: "QueueNotFound",
  INVALID_TOPIC_EXCEPTION: "QueueNotFound",
  TOPIC_AUTHORIZATION_FAILED: "AccessDenied",
  GROUP_AUTHORIZATION_FAILED: "AccessDenied",
  CLUSTER_AUTHORIZATION_FAILED: "AccessDenied",
  SASL_AUTHENTICATION_FAILED: "AccessDenied",
  UNSUPPORTED_SASL_MECHANISM: "AccessDenied",
  PLT_KFK_AUTHENTICATION: "AccessDenied",
  THROTTLING_QUOTA_EXCEEDED: "Throttled",
};

/** Advice on errors that give none, by their codes or the messages of their causes. */
const cures: readonly (readonly [pattern: RegExp, cure: string])[] = [
  [/^(DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|CERT_)/, "The certificate is not trusted: name its authority by tls.ca."],
  [/^SASL_AUTHENTICATION_FAILED$/, "The broker refuses the user or the password: correct sasl."],
  [/^The broker refuses the token/, "The broker refuses the token: let sasl.token return a valid one."],
  [/provider threw an error\.$/, "A function of sasl throws: see the cause."],
  [/^Connection closed/, "A broker closes connections without the TLS, the certificate or the sasl that it asks for."],
];

/** The client knows by itself that there is no such topic, and has no code for it. */
const unknownTopic = /^Unknown topic /;

/** Runs a call of the client. @throws BeeHiveError for what the client throws. */
export async function calling<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw isBeeHiveError(cause) ? cause : translated(what, cause);
  }
}

function translated(what: string, cause: unknown): BeeHiveError {
  const names = [...namesIn(cause)];
  const known = names.find((name) => Object.hasOwn(codes, name));
  const code = (known !== undefined && codes[known]) || "Unavailable";
  const last = innermost(cause);
  const why = reasonOf(last);
  if (unknownTopic.test(why))
    return new BeeHiveError("QueueNotFound", `Kafka: cannot ${what}: ${why} Create the topic, or correct its name.`, {
      cause: last,
    });
  const signs = [...names, ...messagesIn(last)];
  const cure = cures.find(([pattern]) => signs.some((sign) => pattern.test(sign)))?.[1];
  const text = cure === undefined ? why : `${why.replace(/\.?$/, ".")} ${cure}`;
  return new BeeHiveError(code, `Kafka: cannot ${what}: ${text}`, { cause: last });
}

/** Returns the message of an error; that of its cause, too, where it says only that a connection failed. */
function reasonOf(error: unknown): string {
  const [text = "", cause] = messagesIn(error);
  return cause !== undefined && /^Connection to .+ failed\.$/.test(text) ? `${text.slice(0, -1)}: ${cause}` : text;
}

/** Yields the message of an error, and those of its causes. */
function* messagesIn(error: unknown): Generator<string> {
  yield messageOf(error);
  const { cause } = Object(error) as ClientError;
  if (cause !== undefined) yield* messagesIn(cause);
}

interface ClientError {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

/** Yields the codes of an error, of those that it collects, and of their causes. */
function* namesIn(error: unknown): Generator<string> {
  if (typeof error !== "object" || error === null) return;
  const { code, apiId, errors = [], cause } = error as ClientError;
  for (const name of [apiId, code]) if (typeof name === "string") yield name;
  for (const one of [...errors, cause]) yield* namesIn(one);
}

/** Returns the last of the errors that a client collects while it tries again. */
function innermost(error: unknown): unknown {
  const { errors } = Object(error) as ClientError;
  return errors && errors.length > 0 ? innermost(errors.at(-1)) : error;
}

/** Returns whether an error is the broker's word that a partition has no such offset. */
export function isOutOfRange(error: unknown): boolean {
  return [...namesIn(error)].includes("OFFSET_OUT_OF_RANGE");
}
