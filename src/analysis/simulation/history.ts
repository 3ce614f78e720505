import type { ActorDescriptor } from "../../actors/actor.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { Event } from "../../events/event.ts";
import type { Fault, FaultProfile } from "./faults.ts";

/** A call of an actor to a store, or to the outside. */
export interface Call {
  /** As code: `counters.increment("Stock", "lamp", -1)`. */
  readonly text: string;
  readonly writes: boolean;
}

/** A delivery of an event to an actor in a run. */
export class DeliveryRecord {
  /** Names the delivery alike in all runs. */
  readonly key: string;
  readonly descriptor: ActorDescriptor;
  readonly lease: Lease;
  readonly process: number;
  /** True for a copy, whose settlement concerns nobody. */
  readonly isCopy: boolean;
  readonly calls: Call[] = [];
  /** The calls so far, to tell the next from the same call before. */
  points = 0;
  /** The faults that befell it, in words, in order. */
  readonly faults: string[] = [];
  /** How it ended; `undefined` while it is under way. */
  outcome: string | undefined;
  error: unknown;
  outputs: readonly Event[] = [];
  /** True once its lease was settled. */
  settled = false;

  constructor(key: string, descriptor: ActorDescriptor, lease: Lease, process: number, isCopy: boolean) {
    this.key = key;
    this.descriptor = descriptor;
    this.lease = lease;
    this.process = process;
    this.isCopy = isCopy;
  }
}

/** The fate of one event in one subscription. */
export interface Fate {
  readonly event: Event;
  readonly descriptor: ActorDescriptor;
  /** The place among all events published so far. */
  readonly number: number;
  readonly deliveries: DeliveryRecord[];
  committed: number;
  dead: boolean;
  /** True once the event was cancelled before it was delivered. */
  cancelled: boolean;
  /** The attempts that faults have taken. */
  lostAttempts: number;
}

/** A rule that a run has broken, and how. */
export interface Violation {
  readonly check: string;
  readonly message: string;
}

/** All that happens in a run. */
export class History {
  readonly descriptors: readonly ActorDescriptor[];
  /** The events that were pushed from outside. */
  readonly pushed: Event[] = [];
  readonly deliveries: DeliveryRecord[] = [];
  /** By subscription and event. */
  readonly fates: Map<string, Fate> = new Map();
  /** Rules that were broken on the way. */
  readonly violations: Violation[] = [];
  readonly struck: Map<Fault, number> = new Map();
  /** Faults that befell no delivery, in words. */
  readonly elsewhere: string[] = [];
  /** Each entry of the run in order, to compare two runs. */
  readonly lines: string[] = [];
  /** The calls of each actor, without their arguments, and whether a fault struck there. */
  readonly points: Map<string, boolean> = new Map();
  readonly #bySubscription: ReadonlyMap<string, ActorDescriptor>;
  readonly #byDestination: ReadonlyMap<string, readonly ActorDescriptor[]>;
  readonly #byLease = new Map<Lease, DeliveryRecord>();
  /** When each event was last published where order matters. */
  readonly #lastPublished = new Map<string, number>();
  #published = 0;

  constructor(descriptors: readonly ActorDescriptor[]) {
    this.descriptors = descriptors;
    this.#bySubscription = new Map(descriptors.map((one) => [String(one.queueName), one]));
    this.#byDestination = byDestination(descriptors);
  }

  /** Notes a published event. An event that comes again is the same. */
  published(event: Event): void {
    if (event.delivery === "log") return;
    for (const descriptor of this.#byDestination.get(event.queueName) ?? []) {
      const key = fateKey(String(descriptor.queueName), event.id);
      if (!this.fates.has(key)) this.fates.set(key, this.#newFate(event, descriptor));
    }
  }

  /**
   * Returns whether a provider drops an event that comes again, where only what is read in order is known again.
   *
   * The engine of a run has one window for all of its queues.
   */
  isRepeated(
    { id, queueName, partitionKey }: Event,
    { orderedDeduplication = 0 }: FaultProfile<number>,
    now: number,
  ): boolean {
    if (orderedDeduplication === 0) return false;
    if (!this.#byDestination.get(queueName)?.some(({ ordered }) => ordered)) return false;
    const key = `${queueName}/${partitionKey}/${id}`;
    const last = this.#lastPublished.get(key);
    if (last !== undefined && now - last < orderedDeduplication) return true;
    this.#lastPublished.set(key, now);
    return false;
  }

  /** Notes a leased event. */
  leased(lease: Lease, process: number, isCopy = false): DeliveryRecord {
    const name = String(lease.queueName);
    const key = fateKey(name, lease.event.id);
    const descriptor = this.#bySubscription.get(name) as ActorDescriptor;
    let fate = this.fates.get(key);
    // The actor of a commit is delivered its outputs before the commit has told of them.
    if (!fate) this.fates.set(key, (fate = this.#newFate(lease.event, descriptor)));
    const record = new DeliveryRecord(`${key}/${fate.deliveries.length + 1}`, descriptor, lease, process, isCopy);
    fate.deliveries.push(record);
    this.deliveries.push(record);
    this.#byLease.set(lease, record);
    return record;
  }

  #newFate(event: Event, descriptor: ActorDescriptor): Fate {
    const number = this.#published++;
    return { event, descriptor, number, deliveries: [], committed: 0, dead: false, cancelled: false, lostAttempts: 0 };
  }

  recordOf(lease: Lease): DeliveryRecord | undefined {
    return this.#byLease.get(lease);
  }

  fateOf({ lease }: DeliveryRecord): Fate {
    return this.fates.get(fateKey(String(lease.queueName), lease.event.id)) as Fate;
  }

  /** Notes that the events with a cancel key were cancelled, but for those that are under way. */
  cancelled(cancelKey: string): void {
    for (const fate of this.fates.values())
      if (fate.event.cancelKey === cancelKey && fate.deliveries.every(({ settled }) => settled)) fate.cancelled = true;
  }

  /** Notes when an event was settled before an earlier one of its key. */
  checkOrder({ event, descriptor, number }: Fate): void {
    const { partitionKey, enqueueTime } = event;
    if (partitionKey === undefined || enqueueTime !== undefined) return;
    for (const other of this.fates.values()) {
      if (other.descriptor !== descriptor || other.event.partitionKey !== partitionKey) continue;
      if (
        other.number < number &&
        other.committed === 0 &&
        !other.dead &&
        !other.cancelled &&
        other.event.enqueueTime === undefined
      )
        this.violated(
          "order",
          `${descriptor.queueName} settled ${event.id} of the key "${partitionKey}" before ${other.event.id}, ` +
            "which was published first.",
        );
    }
  }

  /** Notes a call of an actor. */
  reached(point: string): void {
    if (!this.points.has(point)) this.points.set(point, false);
  }

  violated(check: string, message: string): void {
    this.violations.push({ check, message });
  }

  /** Notes a fault: what befell the delivery, in words. */
  strike(fault: Fault, text: string, record?: DeliveryRecord): void {
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    (record?.faults ?? this.elsewhere).push(text);
  }
}

function fateKey(subscription: string, eventId: string): string {
  return `${subscription}/${eventId}`;
}

function byDestination(descriptors: readonly ActorDescriptor[]): Map<string, ActorDescriptor[]> {
  const groups = new Map<string, ActorDescriptor[]>();
  for (const one of descriptors) {
    const name = String(one.queueName.destination);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}
