import type { Received } from "../../base/json-value.ts";
import { bodyOf } from "../../events/body-of.ts";
import { eventType, type EventType } from "../../events/event-type.ts";
import type { IngestProblem } from "./handler.ts";

/** A request that was refused for its content. Holds nothing of the body. */
export interface RejectedRequest {
  readonly requestId: string;
  readonly client: string;
  /** The path of the request. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  /** The size of the body, in bytes. */
  readonly size: number;
  readonly reason: string;
  readonly handlers: readonly { readonly name: string; readonly problems: readonly IngestProblem[] }[];
}

/**
 * Published for each request that is refused for its content.
 *
 * Somebody must read it: name it in the `publishes` of the hive, or subscribe an actor to it. Otherwise it is dropped.
 *
 * @example
 * export const Reporter = actor("IngestionRejected-Reporter", IngestionRejected, {}, ({ body }) => report(body));
 */
export const IngestionRejected: EventType<RejectedRequest, Received<RejectedRequest>, "IngestionRejected"> = eventType(
  "IngestionRejected",
  bodyOf<RejectedRequest>(),
);
