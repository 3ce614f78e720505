import type { Bagged } from "../../../src/base/bag.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { KeptEvent, Replayed } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";

/** An event in a queue, with the facts that are kept from one delivery to the next. */
export interface Entry {
  readonly event: Event;
  attempt: number;
  firstSeen: number | undefined;
  /** True in an ordered queue for the one event of each key that may be leased. */
  holdsKey: boolean;
  readonly replayed: Replayed | undefined;
  /** Its position and when it was published, of an event of the log. */
  readonly kept: Omit<KeptEvent, "event"> | undefined;
}

export function newEntry(event: Event, replayed?: Replayed, kept?: Entry["kept"]): Entry {
  return { event, attempt: 0, firstSeen: undefined, holdsKey: false, replayed, kept };
}

/** A leased entry. The lease is held while its queue lists it and it has not expired. */
export class EntryLease<Queue extends { readonly name: QueueName }> implements Lease, Bagged {
  place = -1;
  readonly entry: Entry;
  readonly queue: Queue;
  readonly attempt: number;
  readonly firstSeen: number;
  expiresAt: number;

  constructor(entry: Entry, queue: Queue, firstSeen: number, expiresAt: number) {
    this.entry = entry;
    this.queue = queue;
    this.attempt = entry.attempt;
    this.firstSeen = firstSeen;
    this.expiresAt = expiresAt;
  }

  get event(): Event {
    return this.entry.event;
  }

  get queueName(): QueueName {
    return this.queue.name;
  }

  get position(): number | undefined {
    return this.entry.kept?.position;
  }

  get replayed(): Replayed | undefined {
    return this.entry.replayed;
  }
}
