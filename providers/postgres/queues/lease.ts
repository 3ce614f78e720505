import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Replayed } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { PendingCommit } from "../../../src/provider-kit/steps-under-way.ts";
import type { Value } from "../database/value.ts";
import type { Subscription } from "./topology.ts";

/** A lease. It is held while its row has the same token and it has not expired, by the clock of the server. */
export class PostgresLease implements Lease {
  readonly id: number;
  /** The fencing token: no other lease of the message has it. */
  readonly token: number;
  readonly subscription: Subscription;
  /** The line that the message is the first of; `null` unless it is ordered by its key. */
  readonly line: string | null;
  readonly event: Event;
  readonly attempt: number;
  readonly firstSeen: number;
  expiresAt: number;
  /** The position of an event of the log. */
  readonly position: number | undefined;
  readonly replayed: Replayed | undefined;
  /** The commits of other steps that the failed step of this lease relied on. */
  relied: Iterable<PendingCommit> = [];

  constructor(from: Omit<PostgresLease, "queueName" | "relied" | "assertHeld">) {
    this.id = from.id;
    this.token = from.token;
    this.subscription = from.subscription;
    this.line = from.line;
    this.event = from.event;
    this.attempt = from.attempt;
    this.firstSeen = from.firstSeen;
    this.expiresAt = from.expiresAt;
    this.position = from.position;
    this.replayed = from.replayed;
  }

  get queueName(): QueueName {
    return this.subscription.name;
  }

  /** @throws BeeHiveError `LeaseLost` once it has ended by the clock of the process, which is before the server's end. */
  assertHeld(now: number): void {
    if (this.expiresAt <= now) throw leaseLost(this);
  }
}

/** Returns the parameters `l_id, l_token, l_subscription, l_line` of leases. */
export function parametersOf(leases: readonly PostgresLease[]): readonly Value[] {
  return [
    leases.map(({ id }) => id),
    leases.map(({ token }) => token),
    leases.map(({ subscription }) => subscription.id),
    leases.map(({ line }) => line),
  ];
}
