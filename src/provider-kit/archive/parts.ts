import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { ArchiveCapability } from "../../contract/provider.ts";
import type { QueueOperator } from "../../contract/queue-operator.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Replayed, ReplayedOutputs } from "../../contract/topic-log.ts";
import type { Event } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";

/** The name of the subscription that is archived, and of the stores of the archive. */
export const archiveName = "BeeHiveLog";
/** The type of an event that wakes the archive and is not kept. */
export const wakeType = "BeeHive.Log.Wake";

/** Returns the subscription of a topic that is archived. */
export function archiveOf({ topic }: QueueName): QueueName {
  return QueueName.parse(`${topic}-${archiveName}`);
}

/** Returns whether a subscription is archived. */
export function isArchive({ subscription }: QueueName): boolean {
  return subscription === archiveName;
}

/** The capability `log` of a provider with an archive. */
export const archiveLimits: ArchiveCapability = Object.freeze({
  kind: "archive",
  limits: Object.freeze({
    order:
      "Events are archived as they arrive, sorted by their timestamps: order holds by key as far as the broker keeps it, " +
      "not across keys.",
    rewind:
      "A rewind takes what waits from the queue, but not what is leased or delayed then: that is delivered beside " +
      "the past. Live events come between those of the past.",
    retention:
      "The broker keeps what a subscription has not read, so the rule removes from the archive also what is unread.",
    delay: "Events can be read some seconds after they were published, once they are archived.",
  }),
});

/** The place of a copy in the log, and the rewind that sent it. */
export interface CopyOrigin {
  readonly position: number;
  /** Counts the rewinds of the subscription; 0 for the start of a new one. */
  readonly rewind: number;
  /** `null` for the start of a new subscription, whose events are no replay. */
  readonly outputs: ReplayedOutputs | null;
}

/** A copy of an event for one subscription alone. */
export interface EventCopy {
  readonly event: Event;
  /** The same for each try to send the copy, and for no other copy. */
  readonly id: string;
  /** `undefined` for an event that wakes the archive. */
  readonly origin: CopyOrigin | undefined;
}

/** Returns an origin as the text that a message carries. */
export function originText({ position, rewind, outputs }: CopyOrigin): string {
  return `${position} ${rewind} ${outputs ?? "start"}`;
}

/** Reads the text of an origin. Other senders may write anything: `undefined` for what is none. */
export function originIn(text: unknown): CopyOrigin | undefined {
  const [, position, rewind, outputs] = /^(\d{1,15}) (\d{1,15}) (drop|publish|start)$/.exec(String(text)) ?? [];
  if (outputs === undefined) return undefined;
  return {
    position: Number(position),
    rewind: Number(rewind),
    outputs: outputs === "start" ? null : (outputs as ReplayedOutputs),
  };
}

/** Returns the mark of a replay on a lease. */
export function replayedBy(origin: CopyOrigin | undefined): Replayed | undefined {
  if (!origin || origin.outputs === null) return undefined;
  return { position: origin.position, rewind: origin.rewind, outputs: origin.outputs };
}

/** The parts of a provider that an archive needs. */
export interface ArchiveParts {
  readonly stores: Stores;
  readonly queues: Pick<QueueOperator, "lease" | "commit" | "counts" | "missing">;
  /**
   * Sends copies to a subscription alone, in order by partition key.
   *
   * Leases of copies with an origin have `replayed`, see {@link replayedBy}, also when they are delivered again.
   */
  readonly send: (to: QueueName, copies: readonly EventCopy[]) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long events are gathered before they are written, in ms. */
  readonly delayMs: number;
  /** Creates the stores, where the first write does not. */
  readonly prepare?: (() => Promise<void>) | undefined;
}
