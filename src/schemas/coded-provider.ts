import { isBeeHiveError } from "../base/errors.ts";
import { overriding } from "../base/overriding.ts";
import type { Codec } from "../contract/codec.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { BatchStep, Provider, Step } from "../contract/provider.ts";
import type { Lease, LeaseRequest, PeekRequest, QueueOperator } from "../contract/queue-operator.ts";
import type { Identified, Stores, TransactionWork } from "../contract/stores.ts";
import type { LogRequest, TopicLog } from "../contract/topic-log.ts";
import type { Transaction } from "../contract/transaction.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import { CodedEvents } from "./coded-events.ts";

/** The delay of an event whose codec cannot decode it for now, such as one whose registry is down, in ms. */
const retryMs = 5_000;

/**
 * Returns a provider whose bodies travel as the codec encodes them.
 *
 * Whoever uses it sees decoded bodies; the provider behind it sees encoded ones. What holds no body goes through.
 */
export function codedProvider(inner: Provider, codec: Codec): Provider {
  const leases = new CodedLeases(inner.queues, new CodedEvents(codec));
  const beginBatch = inner.beginBatch?.bind(inner);
  return leases.overriding(inner, {
    stores: codedStores(inner.stores, leases),
    queues: codedQueues(inner.queues, leases),
    beginStep: (lease: Lease) => codedStep(inner.beginStep(leases.inner(lease)), leases),
    ...(beginBatch && {
      beginBatch: (given: readonly Lease[]) => codedBatch(beginBatch(given.map((one) => leases.inner(one))), leases),
    }),
    decoded: async (given: readonly Lease[]) => await leases.decoded(given),
  });
}

/** Encodes the outputs before the step commits them. */
function codedStep(inner: Step, leases: CodedLeases): Step {
  return leases.overriding(inner, {
    stores: codedStores(inner.stores, leases),
    commit: async (outputs: readonly Event[]) => await inner.commit(await leases.events.encoded(outputs)),
  });
}

function codedBatch(inner: BatchStep, leases: CodedLeases): BatchStep {
  return leases.overriding(inner, {
    stores: codedStores(inner.stores, leases),
    commit: async (given: readonly Lease[], outputs: readonly Event[]) => {
      const held = given.map((one) => leases.inner(one));
      await inner.commit(held, await leases.events.encoded(outputs));
    },
  });
}

/** Encodes the events that a transaction publishes with its writes. */
function codedStores(inner: Stores, leases: CodedLeases): Stores {
  if (!inner.transact) return inner;
  return leases.overriding(inner, {
    transact: async <T extends Identified, R>(collection: string, work: TransactionWork<T, R>): Promise<R> =>
      await (inner.transact as Transact)<T, R>(collection, async (items, publish) => {
        const published: Event[] = [];
        const result = await work(items, (event) => void published.push(event));
        for (const event of await leases.events.encoded(published)) publish(event);
        return result;
      }),
  });
}

type Transact = NonNullable<Stores["transact"]>;

function codedQueues(inner: QueueOperator, leases: CodedLeases): QueueOperator {
  const { events } = leases;
  const { log } = inner;
  return leases.overriding(inner, {
    push: async (given: readonly Event[]) => await inner.push(await events.encoded(given)),
    lease: async (name: QueueName, request: LeaseRequest) => await leases.decoded(await inner.lease(name, request)),
    commit: async (lease: Lease, outputs: readonly Event[]) =>
      await inner.commit(leases.inner(lease), await events.encoded(outputs)),
    requeue: async (name: QueueName, id: string, mended?: Event) =>
      await inner.requeue(name, id, mended && (await events.encode(mended))),
    deadLetters: (name: QueueName) => decodedLetters(inner.deadLetters(name), events),
    ...(inner.pushWithin && {
      pushWithin: async (transaction: Transaction, given: readonly Event[]) =>
        await inner.pushWithin?.(transaction, await events.encoded(given)),
    }),
    ...(inner.peek && {
      peek: async (name: QueueName, request: PeekRequest) =>
        await events.decodedIn((await inner.peek?.(name, request)) ?? []),
    }),
    ...(log && { log: codedLog(log, leases) }),
  });
}

function codedLog(inner: TopicLog, leases: CodedLeases): TopicLog {
  return leases.overriding(inner, {
    read: async (topic: QueueName, request: LogRequest) =>
      await leases.events.decodedIn(await inner.read(topic, request)),
  });
}

async function* decodedLetters(letters: AsyncIterable<DeadLetter>, events: CodedEvents): AsyncGenerator<DeadLetter> {
  for await (const letter of letters) yield { ...letter, event: await events.decode(letter.event) };
}

/** Leases with decoded events in place of those of a provider, which gets its own back. */
class CodedLeases {
  readonly events: CodedEvents;
  readonly #queues: QueueOperator;
  readonly #inner = new WeakMap<object, Lease>();

  constructor(queues: QueueOperator, events: CodedEvents) {
    this.#queues = queues;
    this.events = events;
  }

  /** Returns the lease of the provider. */
  inner<T>(lease: T): T {
    return (this.#inner.get(Object(lease) as object) as T | undefined) ?? lease;
  }

  /** Returns leases with decoded events. One that cannot be decoded for now is abandoned, and left out. */
  async decoded(leases: readonly Lease[]): Promise<Lease[]> {
    const decoded = await Promise.all(leases.map((lease) => this.#decoded(lease)));
    return decoded.filter((lease) => lease !== undefined);
  }

  /** Returns an object with other members. What goes through gets the leases of the provider. */
  overriding<T extends object>(inner: T, members: Partial<T>): T {
    return overriding(inner, members, (given) =>
      Array.isArray(given) ? given.map((one) => this.inner<unknown>(one)) : this.inner(given),
    );
  }

  async #decoded(lease: Lease): Promise<Lease | undefined> {
    try {
      const event = await this.events.decode(lease.event, true);
      const coded = this.overriding(lease, { event });
      this.#inner.set(coded, lease);
      return coded;
    } catch {
      // The next delivery tries it again. A lease that ended meanwhile needs no abandoning.
      await this.#queues.abandon(lease, { delayMs: retryMs, countAttempt: false }).catch((error: unknown) => {
        if (!isBeeHiveError(error, "LeaseLost")) throw error;
      });
      return undefined;
    }
  }
}
