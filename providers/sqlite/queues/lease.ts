import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Replayed } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { PendingCommit } from "../../../src/provider-kit/steps-under-way.ts";
import type { Subscription } from "./topology.ts";

/** A lease. It is held while its row has the same token and it has not expired. */
export class SqliteLease implements Lease {
  readonly id: number;
  /** The fencing token, unique among all leases of the row in all processes. */
  readonly token: number;
  readonly subscription: Subscription;
  /** True if the event holds its key: the next event of the key waits for it. */
  readonly inLine: boolean;
  readonly event: Event;
  readonly attempt: number;
  readonly firstSeen: number;
  expiresAt: number;
  readonly position: number | undefined;
  readonly replayed: Replayed | undefined;
  /** The commits of other steps that the failed step of this lease relied on. */
  relied: Iterable<PendingCommit> = [];

  constructor(from: Omit<SqliteLease, "queueName" | "relied">) {
    this.id = from.id;
    this.token = from.token;
    this.subscription = from.subscription;
    this.inLine = from.inLine;
    this.event = from.event;
    this.attempt = from.attempt;
    this.firstSeen = from.firstSeen;
    this.expiresAt = from.expiresAt;
    this.position = from.position;
    this.replayed = from.replayed;
  }

  /** The first lease of an event that was handed over. */
  static ofNew(
    id: number,
    token: number,
    subscription: Subscription,
    event: Event,
    firstSeen: number,
    expiresAt: number,
    position?: number,
  ): SqliteLease {
    // Without a spread, which costs several times as much as all else here.
    return new SqliteLease({
      id,
      token,
      subscription,
      inLine: false,
      event,
      attempt: 1,
      firstSeen,
      expiresAt,
      position,
      replayed: undefined,
    });
  }

  get queueName(): QueueName {
    return this.subscription.name;
  }
}
