import assert from "node:assert/strict";
import { matches, type ErrorMatch } from "../actors/supervision.ts";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import type { Stores } from "../contract/stores.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import { Reaction } from "./reaction.ts";

/** Result of a batch: how each of its events was delivered. */
export interface BatchReacted {
  readonly reports: readonly DeliveryReport[];
  readonly stores: Stores;
}

/**
 * Expectations of an actor that takes batches.
 *
 * `then` expects the outputs of the whole batch, also when single events failed. `thenThrows` expects all events to
 * fail with one error.
 */
export class BatchReaction extends Reaction {
  readonly #what: string;
  readonly #events: readonly Event[];
  readonly #react: () => Promise<BatchReacted>;

  /** @internal Created by `given(...).whenBatch(...)`. */
  constructor(what: string, events: readonly Event[], react: () => Promise<BatchReacted>) {
    let reacted: Promise<BatchReacted> | undefined;
    const once = (): Promise<BatchReacted> => (reacted ??= react());
    super(what, async () => {
      const { reports, stores } = await once();
      return { report: wholeOf(reports), stores };
    });
    this.#what = what;
    this.#events = events;
    this.#react = once;
  }

  /** Expects one event of the batch to fail, chosen by its place from 0, as {@link Reaction.thenThrows} does. */
  async thenFails(place: number, expected: ErrorMatch): Promise<void> {
    const event = this.#events[place];
    const { reports } = await this.#react();
    const error = reports.find((report) => report.event.id === event?.id)?.error;
    if (error !== undefined && matches(expected, error)) return;
    const found = error === undefined ? "it did not" : `it failed with ${errorNameOf(error)}: ${messageOf(error)}`;
    throw new assert.AssertionError({ message: `${this.#what}: event ${place} was expected to fail, but ${found}` });
  }
}

/** Returns the deliveries of a batch as one: it failed when all of its events did. */
function wholeOf(reports: readonly DeliveryReport[]): DeliveryReport {
  const [first] = reports;
  if (!first) throw new Error("No event of the batch was delivered.");
  const failed = reports.every(({ error }) => error !== undefined);
  return { ...first, outputs: reports.flatMap(({ outputs }) => outputs), error: failed ? first.error : undefined };
}
