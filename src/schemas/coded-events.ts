import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import type { Codec } from "../contract/codec.ts";
import { CodedBody } from "../events/body.ts";
import type { Event } from "../events/event.ts";

/** Encodes and decodes events by a codec. Each event keeps its id and all its other fields. */
export class CodedEvents {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Returns the events as they travel. */
  encoded(events: readonly Event[]): Promise<readonly Event[]> {
    return Promise.all(events.map((event) => this.encode(event)));
  }

  /** Returns an event as it travels. One that came encoded goes on as it came, and one without a body stays. */
  async encode(event: Event): Promise<Event> {
    if (event.isCoded) return event;
    const plain = event.plainBody;
    if (plain.body.length === 0) return event;
    const { contentType, body } = await this.#codec.encode(plain, event);
    if (body === plain.body && contentType === plain.contentType) return event;
    return event.with({ contentType, body });
  }

  /**
   * Returns an event that reads its decoded body, or throws the reason as it is read.
   *
   * @param mayRetry throws an error that may pass, in place of an event with it.
   */
  async decode(event: Event, mayRetry = false): Promise<Event> {
    const { contentType, body } = event;
    if (body.length === 0) return event;
    try {
      const plain = await this.#codec.decode({ contentType, body }, event);
      // Events of a provider in this process may have been decoded before.
      if (plain.body === body && !event.isCoded) return event;
      return event.with({ body: new CodedBody(body, plain) });
    } catch (error) {
      if (mayRetry && isBeeHiveError(error) && error.retryable) throw error;
      return event.with({ body: new CodedBody(body, unreadable(event, error)) });
    }
  }

  /** Returns items with their events decoded. */
  decodedIn<T extends { readonly event: Event }>(items: readonly T[]): Promise<readonly T[]> {
    return Promise.all(items.map(async (item) => ({ ...item, event: await this.decode(item.event) })));
  }
}

function unreadable(event: Event, cause: unknown): BeeHiveError {
  return new BeeHiveError(
    "BodyUnreadable",
    `The body of the event ${event.eventType} ${event.id} cannot be decoded from ${event.contentType}: ` +
      `${messageOf(cause).replace(/\.$/, "")}.`,
    { cause },
  );
}
