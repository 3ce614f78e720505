import type { Event } from "../../../events/event.ts";

/** An event of a feed. */
export interface Positioned {
  readonly position: number;
  readonly event: Event;
}

/** Takes the changes of a feed, each once and in order. */
export interface FeedListener {
  take(found: Positioned): void;
  /** Called when positions begin anew, so that no subscription can go on. */
  restarted(): void;
}

/** The changes of one topic, as this process gets them. */
export interface Feed {
  /** Names the sequence of positions. Positions of two epochs cannot be compared. */
  readonly epoch: string;
  /** The position of the next change; the listener took all before. */
  readonly next: number;
  /** Resolves when changes come from {@link next} on. */
  ready(): Promise<void>;
  /** Returns up to `limit` changes from a position on; `undefined` when some are gone. */
  read(from: number, limit: number): Promise<readonly Positioned[] | undefined>;
  close(): Promise<void>;
}

/** The wait after a failure of the provider, in ms; doubled after each further failure. */
export const feedRetryMs: { readonly min: number; readonly max: number } = { min: 100, max: 10_000 };
