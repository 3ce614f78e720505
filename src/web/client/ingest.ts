import { sleep, systemClock, type Clock } from "../../base/clock.ts";
import type { HeadersOf } from "./link.ts";

/** A type of event, of which only the TypeScript type is needed. */
interface EventTypeLike {
  readonly name: string;
  create(body: never, ...more: never): unknown;
}

type Input<Type extends EventTypeLike> = Parameters<Type["create"]>[0];

/** How {@link ingest} sends. */
export interface IngestOptions {
  /** The partition key. @default None. */
  readonly key?: string | undefined;
  /** The version of the body. @default 1 */
  readonly version?: number | undefined;
  /** The id of the event; a repeated one is published once. @default A random one. */
  readonly id?: string | undefined;
  /** Returns headers, such as a token. @default None. */
  readonly headers?: HeadersOf;
  /** The most attempts while the server is busy or unreachable. @default 5 */
  readonly maxAttempts?: number | undefined;
  /** @default The time of the browser. */
  readonly clock?: Clock | undefined;
}

const retryMs = { min: 250, max: 15_000 };
/** Answers after which the same event is sent again; 207 means that one of its handlers failed. */
const isBusy = (status: number): boolean => [207, 409, 429].includes(status) || status >= 500;

/**
 * Sends an event to the ingestion of a server. Resolves with its id when it is accepted.
 *
 * Tries again under the same id while the server is busy or unreachable or a handler fails, so that it is published once.
 *
 * @throws Error for a refusal, with the `status` and the `answer` of the server.
 * @example
 * await ingest<typeof OrderPlaced>("/ingest", "OrderPlaced", { orderId: "1" });
 */
export async function ingest<Type extends EventTypeLike>(
  url: string,
  type: Type["name"],
  body: Input<Type>,
  { key, version = 1, id = crypto.randomUUID(), headers, maxAttempts = 5, clock = systemClock }: IngestOptions = {},
): Promise<string> {
  const event = {
    specversion: "1.0",
    id,
    source: "/browser",
    type,
    datacontenttype: "application/json",
    ...(key !== undefined && { partitionkey: key }),
    // A name with capitals is no attribute of a CloudEvent.
    ...(version !== 1 && { beehiveproperties: JSON.stringify({ schemaVersion: version }) }),
    data: body,
  };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        ...(await headers?.()),
        "content-type": "application/cloudevents+json",
        // A header cannot hold every id.
        ...(/^[!-~]{1,255}$/.test(id) && { "idempotency-key": id }),
      },
      body: JSON.stringify(event),
      credentials: "include",
    }).catch((error: unknown) => {
      if (attempt >= maxAttempts) throw error;
      return undefined;
    });
    const again = !response || isBusy(response.status);
    if (response?.ok && !again) return id;
    if (response && (!again || attempt >= maxAttempts)) {
      const answer: unknown = await response.json().catch(() => undefined);
      throw Object.assign(new Error(`The event was refused with ${response.status}.`), {
        status: response.status,
        answer,
      });
    }
    const ms = Number(response?.headers.get("retry-after") ?? 0) * 1_000;
    await sleep(clock, ms || Math.min(retryMs.max, retryMs.min * 2 ** attempt) * (0.5 + Math.random() / 2));
  }
}
