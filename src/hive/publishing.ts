import type { Clock } from "../base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import { batchesOf } from "../base/in-batches.ts";
import type { Provider } from "../contract/provider.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { Transaction } from "../contract/transaction.ts";
import { byDelivery, type LogEvents } from "../delivery/log-events.ts";
import { adopted } from "../events/adopted-event.ts";
import { Event } from "../events/event.ts";
import type { Recording } from "../journal/recording.ts";
import type { PushLimits } from "./pools/push-limits.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { HiveState } from "./health.ts";
import { pushWithin, type PushOptions } from "./push-within.ts";
import type { SendEvents } from "./source.ts";

const none = Promise.resolve(0);

export interface PublishingParts {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly logEvents: LogEvents;
  readonly recording: Recording | undefined;
  /** Returns the state of the hive now. */
  readonly state: () => HiveState;
  /** The queues that the set-up of the hive creates. */
  readonly specs: readonly QueueSpec[];
  readonly limits: PushLimits | undefined;
}

/** Publishes events from outside any actor: of the application, and of pulsers. */
export class Publishing {
  readonly #parts: PublishingParts;
  /** True after the set-up of the hive. Before that, an error about a missing queue names the set-up. */
  isSetUp = false;

  constructor(parts: PublishingParts) {
    this.#parts = parts;
  }

  /**
   * Publishes an async iterable in batches, anything else at once. Returns what {@link publish} does, in sum.
   *
   * @throws BeeHiveError `InvalidState` when the hive stops; batches before that are published.
   */
  push(events: Event | Iterable<Event> | AsyncIterable<Event>, options: PushOptions = {}): Promise<number | undefined> {
    if (isAsync(events)) return this.#pushBatches(events, options);
    const { limits, state } = this.#parts;
    const closed = closedError(state());
    if (closed) return Promise.reject(closed);
    return limits ? this.#pushLimited(limits, events, options) : this.publish(events, options);
  }

  async #pushLimited(
    limits: PushLimits,
    events: Event | Iterable<Event>,
    options: PushOptions,
  ): Promise<number | undefined> {
    const list = countedAll(listOf(events), this.#parts.clock);
    await limits.admit(list, () => {
      const closed = closedError(this.#parts.state());
      if (closed) throw closed;
    });
    return await this.publish(list, options);
  }

  async #pushBatches(events: AsyncIterable<Event>, options: PushOptions): Promise<number | undefined> {
    let dropped: number | undefined = 0;
    for await (const batch of batchesOf(events)) {
      const more = await this.push(batch, options);
      dropped = dropped === undefined || more === undefined ? undefined : dropped + more;
    }
    return dropped;
  }

  /**
   * Publishes in any state. Returns how many events were dropped as duplicates; `undefined` when the provider cannot tell.
   *
   * @param send publishes them in another way. @default At once.
   */
  async publish(
    events: Event | Iterable<Event>,
    { within }: PushOptions = {},
    send?: SendEvents,
  ): Promise<number | undefined> {
    const { clock, telemetry, recording } = this.#parts;
    const given = listOf(events);
    if (given.length === 0) return 0;
    const list = countedAll(given, clock);
    const pushedAt = clock.now();
    const dropped = await telemetry.push(list, (traced) =>
      this.isSetUp ? this.#send(traced, within, send) : this.#sendEarly(traced, within, send),
    );
    // The transaction may be rolled back: the journal has its events from their first delivery on.
    if (!within) recording?.pushed(list, pushedAt);
    return dropped;
  }

  /** The same as `#send` before the set-up: the error of a queue that is missing then names the set-up. */
  async #sendEarly(traced: readonly Event[], within?: Transaction, send?: SendEvents): Promise<number | undefined> {
    try {
      return await this.#send(traced, within, send);
    } catch (error) {
      const { business } = within ? { business: traced } : byDelivery(traced);
      throw this.isSetUp ? error : notSetUp(error, business, this.#parts.specs);
    }
  }

  /** Sends events to the provider, or in the given way. Returns what {@link publish} does. */
  #send(traced: readonly Event[], within?: Transaction, send?: SendEvents): Promise<number | undefined> {
    const { provider, logEvents } = this.#parts;
    if (within) return pushWithin(provider, within, traced);
    const { business, log } = byDelivery(traced);
    logEvents.send(log);
    if (send) return send(business).then(() => 0);
    return business.length > 0 ? provider.queues.push(business) : none;
  }
}

/** Returns the error of a push to a hive that stops; `undefined` while it does not. */
function closedError(state: HiveState): BeeHiveError | undefined {
  if (state !== "stopping" && state !== "stopped") return undefined;
  return new BeeHiveError("InvalidState", `The hive is ${state} and publishes nothing more.`);
}

function isAsync(events: Event | Iterable<Event> | AsyncIterable<Event>): events is AsyncIterable<Event> {
  return typeof events === "object" && events !== null && Symbol.asyncIterator in events;
}

/** Returns the events with their lengths of time counted from now; mostly none has any. */
function countedAll(events: readonly Event[], clock: Clock): readonly Event[] {
  return events.some(({ isCounted }) => !isCounted) ? events.map((event) => event.counted(clock)) : events;
}

function listOf(events: Event | Iterable<Event>): readonly Event[] {
  return events instanceof Event ? [events] : eventsIn(events);
}

/**
 * Returns the events to push.
 *
 * @throws BeeHiveError `InvalidEvent` when one value is no event; nothing is published then.
 */
function eventsIn(given: Iterable<Event>): readonly Event[] {
  const iterable = typeof given === "object" && given !== null && Symbol.iterator in given;
  const events: readonly unknown[] = iterable ? [...given] : [given];
  const own = events.map(adopted);
  if (own.every((one) => one !== undefined)) return own;
  throw new BeeHiveError(
    "InvalidEvent",
    "hive.push takes an event or an iterable of events; " +
      "make each with new Event(type, body), Event from beehive-actors.",
  );
}

/**
 * Returns the error of a push before the set-up. It names the missing call if the hive itself would create the queue.
 *
 * Returns any other error unchanged.
 */
function notSetUp(error: unknown, events: readonly Event[], specs: readonly QueueSpec[]): unknown {
  if (!isBeeHiveError(error, "QueueNotFound")) return error;
  const own = new Set(specs.map(({ name }) => name.toString()));
  const missing = events.find(({ queueName }) => own.has(queueName))?.queueName;
  if (missing === undefined) return error;
  return new BeeHiveError(
    "QueueNotFound",
    `The hive is not set up, so "${missing}" may not exist yet: ` +
      `await hive.start(), or hive.setup(), before you push. ${error.message}`,
    { cause: error },
  );
}
