import type { Body } from "../events/body.ts";
import type { Event } from "../events/event.ts";

/** The facts of an event that a codec may read beside its body. */
export type CodecEvent = Pick<Event, "id" | "eventType" | "queueName" | "properties" | "partitionKey">;

/**
 * Encodes the bodies of events as they travel, and decodes them. The content type says how a body is encoded.
 *
 * A hive encodes an event when it is published, and decodes it when it is leased or looked at.
 *
 * @example
 * const codec = encrypted(compressed(), { key: "2026-01", keys });
 * await using hive = await createHive({ actors, provider, codec });
 */
export interface Codec {
  /**
   * Returns a body as it travels.
   *
   * @throws BeeHiveError `InvalidEvent` for a body that it cannot encode, such as one that its schema forbids.
   */
  encode(plain: Body, event: CodecEvent): Body | Promise<Body>;
  /**
   * Returns a body as it was before {@link encode}; the same body if its content type is another.
   *
   * @throws BeeHiveError `BodyUnreadable`, which dead-letters the event once its actor reads it. A retryable error
   *   delays the event.
   */
  decode(travelling: Body, event: CodecEvent): Body | Promise<Body>;
}
