import { noSession, type Inlet } from "./inlet.ts";
import { uuidBytes, uuidText } from "./lock-token.ts";
import type { Properties } from "./message.ts";
import type { MessageQueue, Settlement } from "./queue.ts";
import type { Reply } from "./request-link.ts";
import { decode, encode, types, type AmqpMessage } from "./rhea.ts";
import type { SessionLock } from "./sessions.ts";

/** The entity behind the management node of an address. */
export interface Managed {
  readonly queue: MessageQueue | undefined;
  readonly inlet: Inlet | undefined;
}

interface ManagementRequest extends Managed {
  /** The session of the request, if its link holds it. */
  readonly session: SessionLock | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/** Answers one request to `entity/$management`. */
export function manage(managed: Managed, request: AmqpMessage): Reply {
  const operation = String(request.application_properties?.["operation"]).replace("com.microsoft:", "");
  const handler = operations[operation];
  if (!handler)
    return {
      status: 501,
      description: `The operation ${operation} is not supported.`,
      condition: "amqp:not-implemented",
    };
  const body = (request.body ?? {}) as Body;
  const link = String(request.application_properties?.["associated-link-name"]);
  const session = managed.queue?.heldSession(sessionOf(body) ?? "", link);
  return handler({ ...managed, session }, body);
}

const lockLost: Reply = {
  status: 410,
  description:
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  condition: "com.microsoft:message-lock-lost",
};
const sessionLost: Reply = {
  status: 410,
  description: "The session lock has expired on the MessageSession. Accept a new MessageSession.",
  condition: "com.microsoft:session-lock-lost",
};
const notFound: Reply = {
  status: 404,
  description: "The messages were not found.",
  condition: "com.microsoft:message-not-found",
};

const operations: Readonly<Record<string, (asked: ManagementRequest, body: Body) => Reply>> = {
  "renew-lock": ({ queue }, body) => {
    const until = tokensOf(body).map((token) => queue?.renew(token));
    if (until.includes(undefined)) return lockLost;
    return { status: 200, body: { expirations: until.map((time) => types.wrap_timestamp(time)) } };
  },
  "peek-message": ({ queue, inlet }, body) => {
    const [from, count] = [numberOf(body["from-sequence-number"]), numberOf(body["message-count"])];
    const found = queue?.peek(from, count, sessionOf(body)) ?? [];
    // Scheduled messages have larger numbers.
    if (sessionOf(body) === undefined) found.push(...(inlet?.peek(from, count - found.length) ?? []));
    if (found.length === 0) return { status: 204 };
    return { status: 200, body: { messages: found.map((message) => ({ message: encode(message) })) } };
  },
  "schedule-message": ({ inlet }, body) => {
    const messages = body["messages"] as readonly { readonly message: Buffer }[];
    const decoded = messages.map(({ message }) => decode(message));
    if (!decoded.every((one) => inlet?.admits(one)))
      return { status: 400, description: noSession, condition: "amqp:not-allowed" };
    const numbers = decoded.map((one) => inlet?.take(one) ?? 0);
    return { status: 200, body: { "sequence-numbers": numbers.map((number) => types.wrap_long(number)) } };
  },
  "cancel-scheduled-message": ({ inlet }, body) => {
    const cancelled = sequencesOf(body).map((sequence) => inlet?.cancel(sequence));
    return cancelled.every(Boolean) ? { status: 200 } : notFound;
  },
  "receive-by-sequence-number": ({ queue, session }, body) => {
    const locked = sequencesOf(body).flatMap((sequence) => queue?.lockDeferred(sequence, session) ?? []);
    if (!queue || locked.length === 0) return notFound;
    const messages = locked.map((entry) => ({
      message: encode(queue.render(entry)),
      "lock-token": types.wrap_uuid(uuidBytes(entry.lock.token)),
    }));
    return { status: 200, body: { messages } };
  },
  "update-disposition": ({ queue }, body) => {
    const settlement = settlementOf(body);
    const held = tokensOf(body).map((token) => queue?.settle(token, settlement));
    return held.every(Boolean) ? { status: 200 } : lockLost;
  },
  "renew-session-lock": ({ queue, session }) => {
    if (!queue || !session) return sessionLost;
    return { status: 200, body: { expiration: types.wrap_timestamp(queue.renewSession(session)) } };
  },
  "get-session-state": ({ queue, session }) => {
    if (!session) return sessionLost;
    const state = queue?.sessionState(session.id);
    return { status: 200, body: { "session-state": state === undefined ? null : types.wrap_binary(state) } };
  },
  "set-session-state": ({ queue, session }, body) => {
    if (!session) return sessionLost;
    queue?.setSessionState(session.id, (body["session-state"] as Buffer | null) ?? undefined);
    return { status: 200 };
  },
};

function settlementOf(body: Body): Settlement {
  const properties = body["properties-to-modify"] as Properties | undefined;
  switch (body["disposition-status"]) {
    case "completed":
      return { as: "completed" };
    case "defered":
      return { as: "deferred", properties };
    case "suspended": {
      const reason = {
        DeadLetterReason: body["deadletter-reason"],
        DeadLetterErrorDescription: body["deadletter-description"],
      };
      return { as: "dead-lettered", properties: { ...properties, ...reason } };
    }
    default:
      return { as: "abandoned", properties };
  }
}

function sessionOf(body: Body): string | undefined {
  const id = body["session-id"];
  return typeof id === "string" ? id : undefined;
}

function tokensOf(body: Body): string[] {
  return (body["lock-tokens"] as readonly Buffer[]).map(uuidText);
}

function sequencesOf(body: Body): number[] {
  return (body["sequence-numbers"] as readonly unknown[]).map(numberOf);
}

/** Reads a long, which rhea returns as bytes when it is no safe integer. */
function numberOf(value: unknown): number {
  return Buffer.isBuffer(value) ? Number(value.readBigInt64BE()) : Number(value);
}
