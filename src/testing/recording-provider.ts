import type { Codec } from "../contract/codec.ts";
import type { DeadLetter, DeadLetterRecord } from "../contract/dead-letter.ts";
import type { BatchStep, Capabilities, Provider, Step } from "../contract/provider.ts";
import type {
  AbandonOptions,
  CancelChoice,
  Lease,
  LeaseRequest,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
  QueueOperator,
  QueueSpec,
} from "../contract/queue-operator.ts";
import type { Stores } from "../contract/stores.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import { turn } from "./settling.ts";

/** Events and deliveries of a hive since its start, in order. */
export class Recorder {
  /** Events published from outside any step, and log events. */
  readonly pushed: Event[] = [];
  readonly deliveries: DeliveryReport[] = [];
  /** The number of leases. */
  leased = 0;

  /** The number of leased events that are not settled. */
  get inFlight(): number {
    return this.leased - this.deliveries.length;
  }

  #coding = 0;
  #askedWhileCoding = 0;

  /** Grows with every change, and whenever it is asked while a codec works, which takes real time. */
  get changes(): number {
    if (this.#coding > 0) this.#askedWhileCoding++;
    return this.pushed.length + this.deliveries.length + this.leased + this.#askedWhileCoding;
  }

  /** Returns a codec whose work counts as a change until it is done. */
  watched(codec: Codec): Codec {
    const watch = async <T>(work: () => T | Promise<T>): Promise<T> => {
      this.#coding++;
      try {
        return await work();
      } finally {
        this.#coding--;
      }
    };
    return {
      encode: (plain, event) => watch(() => codec.encode(plain, event)),
      decode: (travelling, event) => watch(() => codec.decode(travelling, event)),
    };
  }
}

/** Wraps a provider: records pushes and leases, and lets polls wait forever. */
export class RecordingProvider implements Provider {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly queues: QueueOperator;
  readonly stores: Stores;
  readonly beginBatch?: (leases: readonly Lease[]) => BatchStep;
  readonly #inner: Provider;

  constructor(inner: Provider, recorder: Recorder) {
    this.name = inner.name;
    this.capabilities = inner.capabilities;
    this.queues = new RecordingQueues(inner.queues, recorder);
    this.stores = inner.stores;
    this.#inner = inner;
    if (inner.beginBatch) this.beginBatch = inner.beginBatch.bind(inner);
  }

  async setup(): Promise<void> {
    await this.#inner.setup?.();
  }

  beginStep(lease: Lease): Step {
    return this.#inner.beginStep(lease);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

class RecordingQueues implements QueueOperator {
  readonly #inner: QueueOperator;
  readonly #recorder: Recorder;

  constructor(inner: QueueOperator, recorder: Recorder) {
    this.#inner = inner;
    this.#recorder = recorder;
  }

  async push(events: readonly Event[]): Promise<number | undefined> {
    const dropped = await this.#inner.push(events);
    this.#recorder.pushed.push(...events);
    return dropped;
  }

  /**
   * Waits without end: a virtual year must not consist of polls of 20 seconds.
   *
   * Each poll takes a turn of the event loop, so that an endless cascade cannot starve the test.
   */
  async lease(name: QueueName, request: LeaseRequest): Promise<Lease[]> {
    await turn();
    const leases = await this.#inner.lease(name, { ...request, waitMs: Infinity });
    this.#recorder.leased += leases.length;
    return leases;
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    return this.#inner.problems(queues);
  }

  ensure(queues: readonly QueueSpec[]): Promise<void> {
    return this.#inner.ensure(queues);
  }

  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return this.#inner.missing(queues);
  }

  delete(name: QueueName): Promise<void> {
    return this.#inner.delete(name);
  }

  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    return this.#inner.renew(leases, leaseMs);
  }

  commit(lease: Lease, outputs: readonly Event[]): Promise<void> {
    return this.#inner.commit(lease, outputs);
  }

  abandon(lease: Lease, options: AbandonOptions): Promise<void> {
    return this.#inner.abandon(lease, options);
  }

  deadLetter(lease: Lease, letter: DeadLetterRecord): Promise<void> {
    return this.#inner.deadLetter(lease, letter);
  }

  counts(name: QueueName): Promise<QueueCounts> {
    return this.#inner.counts(name);
  }

  deadLetters(name: QueueName): AsyncIterable<DeadLetter> {
    return this.#inner.deadLetters(name);
  }

  requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    return this.#inner.requeue(name, id, mended);
  }

  async cancel(which: CancelChoice): Promise<number> {
    return (await this.#inner.cancel?.(which)) ?? 0;
  }

  async peek(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]> {
    return (await this.#inner.peek?.(name, request)) ?? [];
  }

  async purge(name: QueueName): Promise<number | undefined> {
    return await this.#inner.purge?.(name);
  }

  drop(name: QueueName, id: string): Promise<void> {
    return this.#inner.drop(name, id);
  }
}
