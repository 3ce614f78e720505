import type { ActorDescriptor, Middleware } from "../actors/actor.ts";
import type { Clock } from "../base/clock.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";
import type { SubscriptionLoop } from "../delivery/subscription-loop.ts";

/** A subscription whose events wait longer than its actor allows, see {@link ActorOptions.maxLag}. */
export interface Late {
  /** The time limit of the actor, in ms. */
  readonly maxMs: number;
  /** The longest wait since it began, in ms. */
  readonly lagMs: number;
  readonly since: Date;
}

/** How long a subscription counts as late after its last late event, in ms. */
const rememberedMs = 60_000;

interface Breach {
  readonly since: number;
  readonly last: number;
  readonly lagMs: number;
}

export interface LagLimitsParts {
  readonly queues: Pick<QueueOperator, "oldest">;
  readonly clock: Clock;
  readonly joined: () => readonly SubscriptionLoop[];
  /** Called when a subscription becomes late. */
  readonly began: () => void;
}

/** Watches the time limits of actors: by each event that they take, and by the oldest that waits. */
export class LagLimits {
  readonly #parts: LagLimitsParts;
  readonly #breaches = new Map<string, Breach>();
  /** The timestamp of the oldest waiting event, and the first look that saw it. */
  readonly #oldest = new Map<string, { readonly oldest: number; readonly seen: number }>();

  constructor(parts: LagLimitsParts) {
    this.#parts = parts;
  }

  /** Returns an actor that is watched, if it has a time limit. */
  watched(descriptor: ActorDescriptor): ActorDescriptor {
    const { maxLag, middleware } = descriptor;
    if (maxLag === undefined) return descriptor;
    const queue = descriptor.queueName.toString();
    const watch: Middleware = (event, { attempt }, next) => {
      const dueAt = Math.max(event.timestampMs, event.enqueueTime?.getTime() ?? 0);
      if (attempt === 1) this.#note(queue, maxLag, this.#parts.clock.now() - dueAt);
      return next();
    };
    return { ...descriptor, middleware: [watch, ...middleware] };
  }

  /** Asks the provider for the oldest waiting events, where it can tell cheaply. Never rejects. */
  async look(): Promise<void> {
    const { queues, joined } = this.#parts;
    const limited = joined().filter(({ descriptor, polling }) => descriptor.maxLag !== undefined && !polling.held);
    await Promise.all(
      limited.map(async ({ descriptor: { queueName, maxLag = Infinity } }) => {
        const oldest = await queues.oldest?.(queueName).catch(() => undefined);
        this.#waits(queueName.toString(), maxLag, oldest);
      }),
    );
  }

  /** Returns how late a subscription is; `undefined` when it keeps its time limit, or has none. */
  of({ descriptor: { queueName, maxLag } }: SubscriptionLoop): Late | undefined {
    const breach = this.#breaches.get(queueName.toString());
    if (!breach || maxLag === undefined || this.#isOver(breach)) return undefined;
    return { maxMs: maxLag, lagMs: breach.lagMs, since: new Date(breach.since) };
  }

  /** Counts the wait from the first look that saw the event: a delayed or retried one is older than its wait. */
  #waits(queue: string, maxLag: number, oldest: number | undefined): void {
    const now = this.#parts.clock.now();
    const before = this.#oldest.get(queue);
    if (oldest === undefined) this.#oldest.delete(queue);
    else if (before?.oldest === oldest) this.#note(queue, maxLag, now - before.seen);
    else this.#oldest.set(queue, { oldest, seen: now });
  }

  #note(queue: string, maxLag: number, lagMs: number): void {
    if (lagMs <= maxLag) return;
    const now = this.#parts.clock.now();
    const known = this.#breaches.get(queue);
    const before = known && !this.#isOver(known) ? known : undefined;
    const worst = Math.max(Math.round(lagMs), before?.lagMs ?? 0);
    this.#breaches.set(queue, { since: before?.since ?? now, last: now, lagMs: worst });
    if (!before) this.#parts.began();
  }

  #isOver({ last }: Breach): boolean {
    return this.#parts.clock.now() - last > rememberedMs;
  }
}
