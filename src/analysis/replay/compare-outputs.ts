import { isDeepStrictEqual } from "node:util";
import { isJson } from "../../events/body.ts";
import type { Event } from "../../events/event.ts";
import type { Change, Counts, Differences } from "./report.ts";

/** The place of an input in the log. */
export interface Input {
  readonly position: number;
  readonly event: Event;
}

/** Compares the outputs of one input with those of the past. */
export function compareOutputs(
  { position, event: input }: Input,
  past: readonly Event[],
  made: readonly Event[],
  counts: Counts,
  differences: Differences,
): void {
  const left = new Set(past);
  const pairs = made.map((is) => {
    const was = take(left, ({ id }) => id === is.id);
    return { was, is };
  });
  const differ = (change: Change, was: Event | undefined, is: Event | undefined): void => {
    counts[change]++;
    const { eventType, queueName } = (is ?? was) as Event;
    const texts = { was: was && bodyText(was), is: is && bodyText(is) };
    differences.add({ kind: "output", change, position, eventId: input.id, eventType, queueName, ...texts });
  };
  // An output with another content has another id. It pairs with an equal one, then with one of its type.
  for (const pair of pairs) pair.was ??= take(left, (was) => isSame(was, pair.is));
  for (const pair of pairs)
    pair.was ??= take(left, (was) => was.eventType === pair.is.eventType && was.queueName === pair.is.queueName);
  for (const { was, is } of pairs)
    if (was === undefined) differ("added", undefined, is);
    else if (isSame(was, is)) counts.same++;
    else differ("changed", was, is);
  for (const was of left) differ("missing", was, undefined);
}

function take(events: Set<Event>, fits: (event: Event) => boolean): Event | undefined {
  for (const event of events)
    if (fits(event)) {
      events.delete(event);
      return event;
    }
  return undefined;
}

function isSame(one: Event, other: Event): boolean {
  return isDeepStrictEqual(factsOf(one), factsOf(other));
}

/** Returns what readers of an event see, without ids, times and trace headers. */
function factsOf(event: Event): unknown {
  const { eventType, queueName, partitionKey, url, properties } = event;
  const { contentType, body } = event.shownBody;
  const { traceparent: _parent, tracestate: _state, ...others } = properties;
  return [eventType, queueName, partitionKey, url, contentType, others, valueOf(contentType, body)];
}

function valueOf(contentType: string, body: string | Uint8Array): unknown {
  if (typeof body !== "string") return Buffer.from(body).toString("base64");
  try {
    return isJson(contentType) ? JSON.parse(body) : body;
  } catch {
    return body;
  }
}

function bodyText({ shownBody: { body } }: Event): string {
  return typeof body === "string" ? body : `${body.byteLength} bytes`;
}
