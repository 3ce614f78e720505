import { messageOf } from "../base/error-text.ts";
import type { ActorDescriptor } from "../actors/actor.ts";
import type { Clock } from "../base/clock.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { Logger } from "../base/logger.ts";
import type { Pause } from "../actors/pause.ts";
import { deliveryEntry, pauseEntry, pushEntry } from "./entry.ts";
import type { Journal, JournalOptions } from "./journal.ts";

/** Writes into a journal what a hive does. */
export class Recording {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #subject: NonNullable<JournalOptions["subject"]>;
  #subjectFailed = false;

  constructor(journal: Journal, clock: Clock, logger: Logger, subject: JournalOptions["subject"]) {
    this.#journal = journal;
    this.#clock = clock;
    this.#logger = logger;
    this.#subject = subject ?? (({ partitionKey }) => partitionKey);
  }

  /** @param time when the push began, in ms since the epoch: actors may be done before it has ended. */
  pushed(events: readonly Event[], time: number): void {
    for (const event of events) this.#journal.append(pushEntry(event, this.#subjectOf(event), time));
  }

  delivered(report: DeliveryReport): void {
    this.#journal.append(deliveryEntry(report, this.#subjectOf(report.event), this.#clock.now()));
  }

  paused(descriptor: ActorDescriptor, pause: Pause): void {
    this.#journal.append(pauseEntry(descriptor, pause, this.#clock.now()));
  }

  /** Events that it does not understand have no business id; said once. */
  #subjectOf(event: Event): string | undefined {
    try {
      return this.#subject(event);
    } catch (error) {
      if (!this.#subjectFailed)
        this.#logger.warn(
          { eventType: event.eventType, reason: messageOf(error) },
          "journal.subject failed for an event, which has no business id in the journal now; it is said once",
        );
      this.#subjectFailed = true;
      return undefined;
    }
  }
}
