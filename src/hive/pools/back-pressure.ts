import { pressureText } from "../../actors/pause.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { SubscriptionLoop } from "../../delivery/subscription-loop.ts";
import type { DeliveryObserver, DeliveryReport } from "../../delivery/delivery.ts";
import type { QueueGauge } from "./queue-gauge.ts";

export interface BackPressureParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gauge: (queue: string) => QueueGauge;
  /** The time between two counts of a queue that is not full, in ms. */
  readonly everyMs: number;
  /** Called when a subscription begins or ends to wait. */
  readonly changed: () => void;
}

/** The time between two counts while a subscription waits for room, in ms. */
const heldMs = 1_000;
/** The share of the threshold below which a held subscription goes on, at most. */
const goesOn = 0.8;

/** A queue that holds a subscription. */
interface Rule {
  readonly gauge: QueueGauge;
  readonly destination: string;
  readonly above: number;
  readonly below: number;
  /** The events to the queue that a step publishes, at most; it falls slowly. */
  outputs: number;
}

interface Held {
  readonly loop: SubscriptionLoop;
  readonly rules: readonly Rule[];
}

/**
 * Holds the subscriptions whose queues downstream are full, see `holdWhen` of an actor.
 *
 * A subscription stops leasing before the limit, so that the outputs of its events in work still find room.
 */
export class BackPressure implements DeliveryObserver {
  readonly #parts: BackPressureParts;
  #held: readonly Held[] = [];
  #gauges: ReadonlySet<QueueGauge> = new Set();
  #timer: Timer | undefined;
  #failed = false;
  #stopped = false;

  constructor(parts: BackPressureParts) {
    this.#parts = parts;
  }

  /** Counts once before anything is leased, then again and again. */
  async start(loops: readonly SubscriptionLoop[]): Promise<void> {
    this.#held = loops.flatMap((loop) => {
      const { holdWhen = [] } = loop.descriptor;
      const rules = holdWhen.map(({ queue, above, below = Math.floor(above * goesOn) }): Rule => {
        const gauge = this.#parts.gauge(queue);
        return { gauge, destination: gauge.name.destination.toString(), above, below, outputs: 1 };
      });
      return rules.length > 0 ? [{ loop, rules }] : [];
    });
    this.#gauges = new Set(this.#held.flatMap(({ rules }) => rules.map(({ gauge }) => gauge)));
    await this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  delivered({ descriptor, outputs }: DeliveryReport): void {
    if (outputs.length === 0) return;
    const published = new Map<string, number>();
    for (const { queueName } of outputs) published.set(queueName, (published.get(queueName) ?? 0) + 1);
    let grown = false;
    for (const gauge of this.#gauges) {
      const count = published.get(gauge.name.destination.toString()) ?? 0;
      gauge.add(count);
      grown ||= count > 0;
    }
    if (!grown) return;
    const name = descriptor.queueName.toString();
    const own = this.#held.find(({ loop }) => loop.descriptor.queueName.toString() === name);
    for (const rule of own?.rules ?? [])
      rule.outputs = Math.max(1, rule.outputs * 0.99, published.get(rule.destination) ?? 0);
    this.#apply();
  }

  async #look(): Promise<void> {
    const { logger, clock } = this.#parts;
    try {
      // A push may have counted just now.
      await Promise.all([...this.#gauges].map((gauge) => gauge.look(this.#intervalMs / 2)));
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) logger.warn({ err: error }, "a queue of holdWhen cannot be counted; the last count holds");
      this.#failed = true;
    }
    if (this.#stopped) return;
    this.#apply();
    this.#timer = clock.after(this.#intervalMs, () => void this.#look());
  }

  get #intervalMs(): number {
    const { everyMs } = this.#parts;
    return this.#held.some(({ loop }) => loop.polling.pressure) ? Math.min(heldMs, everyMs) : everyMs;
  }

  #apply(): void {
    for (const one of this.#held) this.#applyTo(one);
  }

  #applyTo({ loop, rules }: Held): void {
    const { clock, logger, changed } = this.#parts;
    const { polling, descriptor } = loop;
    const fields = { actor: descriptor.name, subscription: descriptor.queueName.toString() };
    if (polling.pressure) {
      if (!rules.every((rule) => rule.gauge.ready <= this.#goesOnAt(rule))) return;
      polling.press(undefined);
      logger.info(fields, "events are leased again: the queue downstream has room");
      return changed();
    }
    const full = rules.find((rule) => rule.gauge.ready >= this.#holdsAt(rule));
    if (!full) return;
    const { gauge, above } = full;
    const pressure = { queue: gauge.name.toString(), ready: gauge.ready, above, since: clock.now() };
    polling.press(pressure);
    logger.info({ ...fields, reason: pressureText(pressure) }, "no events are leased: a queue downstream is full");
    changed();
  }

  /** Returns the ready events from which nothing is leased: the limit without the outputs of all slots. */
  #holdsAt({ gauge, above }: Rule): number {
    let coming = 0;
    for (const { loop, rules } of this.#held)
      for (const rule of rules) if (rule.gauge === gauge) coming += loop.polling.size * rule.outputs;
    return Math.max(Math.ceil(above / 2), Math.floor(above - coming));
  }

  #goesOnAt(rule: Rule): number {
    return Math.min(rule.below, Math.floor(this.#holdsAt(rule) * goesOn));
  }
}
