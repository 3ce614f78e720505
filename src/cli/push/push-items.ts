import { messageOf } from "../../base/error-text.ts";
import type { Event } from "../../events/event.ts";
import type { Item } from "../input/place.ts";
import { eventOf, type EventSettings } from "./event-maker.ts";
import type { Pusher } from "./pusher.ts";

export interface PushOptions {
  readonly settings: EventSettings;
  /** The first item that counts. */
  readonly from: number;
  /** Whether a bad item is passed over instead of ending the push. */
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
  readonly onBad: (item: Item, problem: string) => void;
  /** Called after each item. */
  readonly onItem: () => void;
}

/** How a push ended. */
export interface Pushed {
  readonly bad: number;
  /** What ended it early, in words; an interruption is told by the signal. */
  readonly failure: string | undefined;
}

/** Pushes the events of items until they end, one is bad, the provider fails or the signal aborts. */
export async function pushItems(items: AsyncIterable<Item>, pusher: Pusher, options: PushOptions): Promise<Pushed> {
  const { settings, from, keepGoing, signal, onBad, onItem } = options;
  let bad = 0;
  try {
    for await (const item of items) {
      if (signal.aborted) break;
      if (item.number < from) continue;
      const event = eventOrProblem(item, settings);
      if (typeof event === "object") await pusher.add(event, item.number);
      else {
        bad++;
        onBad(item, event);
        if (!keepGoing) break;
        pusher.pass(item.number);
      }
      onItem();
    }
    await pusher.flush();
  } catch (error) {
    // An input that is read no further because of the signal ends with an error of its own.
    if (!signal.aborted) return { bad, failure: messageOf(error) };
  }
  return { bad, failure: undefined };
}

/** Whatever is wrong, it is wrong with this item: its line must be told, and the items behind it may be good. */
function eventOrProblem(item: Item, settings: EventSettings): Event | string {
  try {
    return eventOf(item, settings);
  } catch (error) {
    return messageOf(error);
  }
}
