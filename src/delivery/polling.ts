import type { ActorDescriptor } from "../actors/actor.ts";
import type { Hold, Pause, PauseDecision, Pressure } from "../actors/pause.ts";
import { afterThisTurn, sleep, type Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Span } from "../base/span.ts";
import type { Lease, QueueOperator } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { SharedSlots } from "./shared-slots.ts";

/** How long one poll waits for an event, in ms: the most that SQS allows. */
const pollMs = 20_000;
/** The wait after a poll that failed, in ms; doubled after each further failure. */
const pollRetryMs = { min: 100, max: 30_000 };
/** The longest delay of an event that a host delivers while an operator holds its subscription, in ms. */
const maxRefusedMs = 60_000;

/** The loop that works on the leased events. */
export interface PolledLoop {
  /** The number of slots that its events take now. */
  readonly slotsTaken: number;
  /** Takes over the leases of a poll. The next poll waits for a promise that it returns. */
  take(leases: readonly Lease[]): Promise<void> | undefined;
}

export interface PollingParts {
  readonly queues: QueueOperator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly loop: PolledLoop;
  /** Called when a pause begins. */
  readonly onPause?: ((pause: Pause) => void) | undefined;
  /** The slots of the hive. @default No limit but its own. */
  readonly shared?: SharedSlots | undefined;
}

/** Leases the events of one subscription: as many as there are free slots, none while it is paused. */
export class Polling {
  readonly state: PollState = new PollState();
  readonly #parts: PollingParts;
  // Parts and settings of their own, because a hive of many subscriptions finds each object that a poll reads out of the
  // cache of the processor.
  readonly #queues: QueueOperator;
  readonly #clock: Clock;
  readonly #loop: PolledLoop;
  #queueName: QueueName;
  #leaseMs: number;
  /** The slots now: of an elastic parallelism, see {@link resize}. */
  #size: number;
  readonly #stop = new AbortController();
  /** Ends the poll under way; replaced at each pause. */
  #endPoll = new AbortController();
  /** Fields, because a poll reads them more often than it does anything else. */
  #pollEnd: AbortSignal = this.#endPoll.signal;
  #started = false;
  #stopped = false;
  #ended: Promise<void> = Promise.resolve();
  #slotFreed: (() => void) | undefined;
  #pausing: Span | undefined;
  #pause: Pause | undefined;
  #hold: Hold | undefined;
  #hasLeft = false;
  #pressure: Pressure | undefined;
  /** True after a pause: events are tried one at a time until one is committed. */
  #probing = false;

  constructor(descriptor: ActorDescriptor, parts: PollingParts) {
    this.#parts = parts;
    this.#queues = parts.queues;
    this.#clock = parts.clock;
    this.#loop = parts.loop;
    this.#queueName = descriptor.queueName;
    this.#leaseMs = descriptor.lease;
    this.#size = firstSize(descriptor);
  }

  start(): void {
    this.#started = true;
    this.#ended = this.#poll().finally(() => {
      this.state.over = true;
    });
  }

  /** Stops leasing. Resolves when the poll under way has ended, which is up to the provider. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#stop.abort();
    this.#endPoll.abort();
    this.slotFreed();
    return this.#ended;
  }

  /** Must be called whenever a delivery has ended. */
  slotFreed(): void {
    const freed = this.#slotFreed;
    if (!freed) return;
    this.#slotFreed = undefined;
    freed();
  }

  /** Must be called when an event was committed: it proves that the reason of a pause is over. */
  proven(): void {
    this.#probing = false;
    this.#pause = undefined;
  }

  /** Ends the poll under way and leases nothing until the pause is over. The longer of two pauses holds. */
  pause({ pauseMs, by }: PauseDecision, error: unknown): void {
    const { clock, logger, onPause } = this.#parts;
    logger.warn({ err: error, pauseMs, pausedBy: by }, "the subscription is paused");
    if (this.pausedMs < pauseMs) {
      this.#pausing = new Span(clock, pauseMs);
      this.#pause = { by, since: clock.now(), until: clock.now() + pauseMs, error };
      onPause?.(this.#pause);
    }
    this.#probing = true;
    this.#endThisPoll();
  }

  /** Works with other settings from the next poll on. */
  use(descriptor: ActorDescriptor): void {
    this.#queueName = descriptor.queueName;
    this.#leaseMs = descriptor.lease;
    this.#size = firstSize(descriptor);
    this.#endThisPoll();
    this.slotFreed();
  }

  /** The number of slots now. */
  get size(): number {
    return this.#size;
  }

  /** Changes the number of slots of an elastic parallelism. Events in work go on when it shrinks. */
  resize(size: number): void {
    if (size === this.#size) return;
    this.#size = size;
    this.slotFreed();
  }

  /** Leases nothing while an operator holds the subscription; leases again without a hold. */
  hold(hold: Hold | undefined): void {
    this.#hold = hold;
    if (hold) this.#endThisPoll();
    else this.slotFreed();
  }

  /** Leases nothing after it has left the subscription to other processes; leases again after it has joined them. */
  leave(hasLeft: boolean): void {
    this.#hasLeft = hasLeft;
    if (hasLeft) this.#endThisPoll();
    else this.slotFreed();
  }

  /** True while the subscription is left to other processes. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Leases nothing while a queue downstream is full; leases again without a pressure. */
  press(pressure: Pressure | undefined): void {
    this.#pressure = pressure;
    if (pressure) this.#endThisPoll();
    else this.slotFreed();
  }

  /** The full queue downstream for which it leases nothing. */
  get pressure(): Pressure | undefined {
    return this.#pressure;
  }

  /** The pause that an operator set. */
  get held(): Hold | undefined {
    return this.#hold;
  }

  #endThisPoll(): void {
    if (this.#stop.signal.aborted) return;
    this.#endPoll.abort();
    this.#endPoll = new AbortController();
    this.#pollEnd = this.#endPoll.signal;
  }

  /** The last pause, until an event is committed after it. */
  get paused(): Pause | undefined {
    return this.#pause;
  }

  /** True while events that arrive must go back. */
  get refuses(): boolean {
    return this.#hold !== undefined || this.#hasLeft || this.pausedMs > 0;
  }

  /**
   * The delay of an event that arrives meanwhile, in ms.
   *
   * A host that delivers itself would bring it back at once.
   */
  get refusedMs(): number {
    if (!this.#hold || this.#started) return this.pausedMs;
    return Math.max(this.pausedMs, Math.min(maxRefusedMs, (this.#hold.until ?? Infinity) - this.#parts.clock.now()));
  }

  /** The rest of the pause, in ms; 0 when there is none. */
  get pausedMs(): number {
    return this.#pausing?.left ?? 0;
  }

  async #poll(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      if (this.pausedMs > 0) await this.#whilePaused();
      const turn = turnOfEventLoop();
      if (turn) await turn;
      const free = this.#free;
      if (free <= 0) {
        await this.#slot();
        continue;
      }
      // A pause may have begun during the awaits above.
      if (this.pausedMs > 0) continue;
      this.state.asking(this.#clock.now());
      const end = this.#pollEnd;
      try {
        const request = { max: free, leaseMs: this.#leaseMs, waitMs: pollMs, signal: end, moreSlots: this.#moreSlots };
        const taking = this.#take(await this.#queues.lease(this.#queueName, request));
        if (taking) await taking;
        this.state.answered();
        failures = 0;
      } catch (error) {
        this.state.answered(end.aborted ? undefined : error);
        if (end.aborted) continue;
        const waitMs = Math.min(pollRetryMs.max, pollRetryMs.min * 2 ** failures++);
        this.#parts.logger.error({ err: error, waitMs }, "events could not be leased, trying again");
        await sleep(this.#clock, waitMs, this.#stop.signal);
      }
    }
  }

  /** Hands the leases over. Empties the array of the provider: it would keep them reachable, as a local of the loop would. */
  #take(leases: Lease[]): Promise<void> | undefined {
    return this.#loop.take(leases.splice(0));
  }

  /** The number of events that can be started now. */
  get #free(): number {
    const taken = this.#loop.slotsTaken;
    const free = this.slots - taken;
    const { shared } = this.#parts;
    return shared && free > 0 ? shared.leasable(free, taken) : free;
  }

  /** The number of events that may be in work at the same time now. */
  get slots(): number {
    if (this.#hold || this.#hasLeft || this.#pressure) return 0;
    return this.#probing ? 1 : this.#size;
  }

  /** See {@link LeaseRequest.moreSlots}. An arrow function, so that polls share it. */
  readonly #moreSlots = async (events: number, maxMs: number): Promise<number> => {
    const { signal } = this.#endPoll;
    const wanted = Math.min(events, this.slots);
    let over = false;
    const timer = this.#parts.clock.after(maxMs, () => {
      over = true;
      this.slotFreed();
    });
    while (this.#free < wanted && !over && !signal.aborted) await this.#slot();
    timer.cancel();
    return this.#free;
  };

  async #whilePaused(): Promise<void> {
    while (this.pausedMs > 0 && !this.#stop.signal.aborted) {
      await sleep(this.#parts.clock, this.pausedMs, this.#stop.signal);
    }
  }

  /** Resolves when a slot is free, or when polling stops; at once after a stop, which frees no slot again. */
  #slot(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#slotFreed = resolve;
    });
  }
}

/** Returns the slots to begin with: few of an elastic parallelism. */
function firstSize({ elastic, parallelism }: ActorDescriptor): number {
  return elastic?.min ?? parallelism;
}

/** The state of the polling of one subscription, for the health of a hive. */
export class PollState {
  #askedAt: number | undefined;
  /** The error of the last poll; `undefined` when it succeeded. */
  error: unknown;
  /** True once the loop has ended. */
  over = false;

  /** The start of the poll under way, in ms since the epoch; `undefined` between polls. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  asking(now: number): void {
    this.#askedAt = now;
  }

  answered(error?: unknown): void {
    this.#askedAt = undefined;
    this.error = error;
  }
}

/** Polls between two turns of the event loop: few enough to notice signals at once, many enough to cost nothing. */
const pollsPerTurn = 16;

let polls = 0;
let turn: Promise<void> | undefined;

/**
 * Returns a promise now and then that every poll of the process must await: it resolves when the event loop has turned.
 *
 * A provider without I/O would otherwise keep the process in microtasks while there are events, and no timer, signal or
 * socket would run, the renewal of leases included.
 */
function turnOfEventLoop(): Promise<void> | undefined {
  if (!turn && ++polls % pollsPerTurn === 0) {
    turn = new Promise((resolve) =>
      afterThisTurn(() => {
        turn = undefined;
        resolve();
      }),
    );
  }
  return turn;
}
