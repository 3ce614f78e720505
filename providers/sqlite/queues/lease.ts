import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Subscription } from "./topology.ts";

/** A lease: held as long as the row bears its token and its time has not passed. */
export class SqliteLease implements Lease {
  readonly id: number;
  /** The fencing token: no other lease on the row, of whichever process, has the same. */
  readonly token: number;
  readonly subscription: Subscription;
  /** It holds its key: the next one of the key waits for it. */
  readonly inLine: boolean;
  readonly event: Event;
  readonly attempt: number;
  readonly firstSeen: number;
  expiresAt: number;

  constructor(from: Omit<SqliteLease, "queueName">) {
    this.id = from.id;
    this.token = from.token;
    this.subscription = from.subscription;
    this.inLine = from.inLine;
    this.event = from.event;
    this.attempt = from.attempt;
    this.firstSeen = from.firstSeen;
    this.expiresAt = from.expiresAt;
  }

  get queueName(): QueueName {
    return this.subscription.name;
  }
}
