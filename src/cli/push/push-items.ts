import { messageOf } from "../../base/error-text.ts";
import type { Event } from "../../events/event.ts";
import type { Item } from "../input/place.ts";
import { eventOf, type EventSettings } from "./event-maker.ts";
import type { Pusher } from "./pusher.ts";

export interface PushOptions {
  readonly settings: EventSettings;
  /** The number of the first item to push. */
  readonly from: number;
  /** Skips bad items instead of ending the push. */
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
  readonly onBad: (item: Item, problem: string) => void;
  /** Called after each item. */
  readonly onItem: () => void;
}

/** How a push ended. */
export interface Pushed {
  readonly bad: number;
  /** The reason of an early end; undefined after an interruption, which the signal shows. */
  readonly failure: string | undefined;
}

/** Pushes events until they end, one is bad, the provider fails or the signal aborts. */
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
    // Once the signal aborts, the input stream is destroyed and throws; that is not a failure.
    if (!signal.aborted) return { bad, failure: messageOf(error) };
  }
  return { bad, failure: undefined };
}

/** Returns the event of an item, or the problem with it. Any error concerns this item alone. */
function eventOrProblem(item: Item, settings: EventSettings): Event | string {
  try {
    return eventOf(item, settings);
  } catch (error) {
    return messageOf(error);
  }
}
