/** The events of the news feed, and what is kept. */
import { collectionStore, counterStore, eventType, type Identified } from "beehive-actors";

export const FeedsDue = eventType<{ readonly time: string }>("FeedsDue");
export const ChannelDue = eventType<{ readonly channel: string }>("ChannelDue");
export const ItemPublished = eventType<Item>("ItemPublished");
export const KeywordFound = eventType<Found>("KeywordFound");

export interface Item {
  readonly channel: string;
  /** Unique in its channel. */
  readonly id: string;
  readonly title: string;
}

export interface Found extends Item {
  readonly reader: string;
  readonly word: string;
}

/** How much of a channel was read. */
export interface Channel extends Identified {
  readonly etag?: string | undefined;
  readonly read: number;
}

export const Channels = collectionStore<Channel>("Channels");
export const Notifications = collectionStore<Found>("Notifications");
/** Counts notifications by reader. */
export const Counters = counterStore;
export const notified = "Notified";

/** The words that readers follow. */
export const readers: Readonly<Record<string, readonly string[]>> = {
  ada: ["engine", "proof"],
  grace: ["compiler"],
  hedy: ["radio", "engine"],
  linus: ["kernel"],
};
