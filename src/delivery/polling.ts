import type { ActorDescriptor } from "../actors/actor.ts";
import { breather } from "./breather.ts";
import { sleep, type Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Pause, PauseDecision } from "../actors/pause.ts";
import { PollState } from "./poll-state.ts";
import type { Lease, QueueOperator } from "../contract/queue-operator.ts";
import { Span } from "../base/span.ts";

/** How long one poll waits for an event, in ms: the longest that SQS allows. */
const pollMs = 20_000;
/** The wait after a poll that failed, in ms; doubled for each failure that follows. */
const pollRetryMs = { min: 100, max: 30_000 };

export interface PollingParts {
  readonly queues: QueueOperator;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many events are being worked on now. */
  readonly inFlight: () => number;
  /** Takes over what a poll brought. A promise is waited for before the next poll. */
  readonly take: (leases: readonly Lease[]) => Promise<void> | undefined;
  /** Called when a pause begins. */
  readonly onPause?: ((pause: Pause) => void) | undefined;
}

/** Asks for the events of one subscription: as many as there are free slots, none while it is paused. */
export class Polling {
  readonly state: PollState = new PollState();
  readonly #descriptor: ActorDescriptor;
  readonly #parts: PollingParts;
  readonly #stop = new AbortController();
  /** Ends the poll under way; another one for those after a pause. */
  #endPoll = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #slotFreed: (() => void) | undefined;
  #pausing: Span | undefined;
  #pause: Pause | undefined;
  /** After a pause one event at a time is tried, until one is committed. */
  #probing = false;

  constructor(descriptor: ActorDescriptor, parts: PollingParts) {
    this.#descriptor = descriptor;
    this.#parts = parts;
  }

  start(): void {
    this.#ended = this.#poll().finally(() => {
      this.state.over = true;
    });
  }

  /** Asks for nothing more; resolves when the poll under way has ended, which is up to the provider. */
  stop(): Promise<void> {
    this.#stop.abort();
    this.#endPoll.abort();
    this.slotFreed();
    return this.#ended;
  }

  /** To be called whenever an event is no longer worked on. */
  slotFreed(): void {
    this.#slotFreed?.();
  }

  /** To be called when an event was committed: what a pause was about is over. */
  proven(): void {
    this.#probing = false;
    this.#pause = undefined;
  }

  /** Ends the poll under way and asks for nothing for so long, or until a longer pause is over. */
  pause({ pauseMs, by }: PauseDecision, error: unknown): void {
    const { clock, logger, onPause } = this.#parts;
    logger.warn({ err: error, pauseMs, pausedBy: by }, "the subscription is paused");
    if (this.pausedMs < pauseMs) {
      this.#pausing = new Span(clock, pauseMs);
      this.#pause = { by, until: clock.now() + pauseMs, error };
      onPause?.(this.#pause);
    }
    this.#probing = true;
    if (this.#stop.signal.aborted) return;
    this.#endPoll.abort();
    this.#endPoll = new AbortController();
  }

  /** The last pause, until an event is committed after it. */
  get paused(): Pause | undefined {
    return this.#pause;
  }

  /** How long the pause goes on, in ms; 0 when there is none. */
  get pausedMs(): number {
    return this.#pausing?.left ?? 0;
  }

  async #poll(): Promise<void> {
    const { queues, clock, logger } = this.#parts;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      if (this.pausedMs > 0) await this.#whilePaused();
      const turn = breather();
      if (turn) await turn;
      if (queues.gather) await this.#gatherSlots();
      const free = this.#free;
      if (free <= 0) {
        await this.#slot();
        continue;
      }
      // A pause may have begun meanwhile.
      if (this.pausedMs > 0) continue;
      this.state.asking(clock.now());
      const end = this.#endPoll.signal;
      try {
        await this.#leaseUpTo(free, end);
        this.state.answered();
        failures = 0;
      } catch (error) {
        this.state.answered(end.aborted ? undefined : error);
        if (end.aborted) continue;
        const waitMs = Math.min(pollRetryMs.max, pollRetryMs.min * 2 ** failures++);
        logger.error({ err: error, waitMs }, "events could not be leased, trying again");
        await sleep(clock, waitMs, signal);
      }
    }
  }

  /** Leases up to so many events, waiting for the first, and hands them over. */
  async #leaseUpTo(max: number, signal: AbortSignal): Promise<void> {
    const { queueName, lease: leaseMs } = this.#descriptor;
    const leases = await this.#parts.queues.lease(queueName, { max, leaseMs, waitMs: pollMs, signal });
    // Emptied, and not in the loop itself: what a poll waited for is old by then, and would keep these from the collector.
    const taking = this.#parts.take(leases.splice(0));
    if (taking) await taking;
  }

  /** How many events could be started now. */
  get #free(): number {
    return (this.#probing ? 1 : this.#descriptor.parallelism) - this.#parts.inFlight();
  }

  /** Lets slots come free together where a request costs the same for one event as for many; not for long. */
  async #gatherSlots(): Promise<void> {
    const { queueName, parallelism } = this.#descriptor;
    const gather = this.#parts.queues.gather?.(queueName);
    if (!gather || this.#free <= 0) return;
    const wanted = Math.min(gather.events, parallelism);
    let over = false;
    const timer = this.#parts.clock.after(gather.forMs, () => {
      over = true;
      this.slotFreed();
    });
    while (this.#free < wanted && !over && !this.#probing && !this.#stop.signal.aborted) await this.#slot();
    timer.cancel();
  }

  async #whilePaused(): Promise<void> {
    while (this.pausedMs > 0 && !this.#stop.signal.aborted) {
      await sleep(this.#parts.clock, this.pausedMs, this.#stop.signal);
    }
  }

  /** Resolves when a slot is free, or when there are to be no more polls. */
  #slot(): Promise<void> {
    return new Promise((resolve) => {
      this.#slotFreed = resolve;
    });
  }
}
