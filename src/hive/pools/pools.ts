import type { ActorDescriptor } from "../../actors/actor.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Provider } from "../../contract/provider.ts";

import type { SubscriptionLoop } from "../../delivery/subscription-loop.ts";
import type { DeliveryObserver } from "../../delivery/delivery.ts";
import { QueueName } from "../../events/queue-name.ts";
import { lookInterval } from "../../controls/options.ts";
import { BackPressure } from "./back-pressure.ts";
import { ElasticPools } from "./elastic-pools.ts";
import type { PushLimit } from "./push-limit.ts";
import { LoopWatch } from "./loop-watch.ts";
import { PushLimits } from "./push-limits.ts";
import { QueueGauge } from "./queue-gauge.ts";

export interface PoolsParts {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a subscription begins or ends to wait for a full queue. */
  readonly changed: () => void;
}

/** The time between two counts where all hives of the provider are in this process, in ms. */
const ownMs = 500;

/** The slots and limits of a hive that follow its load. A hive that uses none of them has none of the parts. */
export class Pools {
  /** The limits of pushes; `undefined` without any. */
  readonly limits: PushLimits | undefined;
  readonly #elastic: ElasticPools | undefined;
  readonly #pressure: BackPressure | undefined;
  readonly #parts: PoolsParts;
  #watch: LoopWatch | undefined;

  constructor(descriptors: readonly ActorDescriptor[], limits: readonly PushLimit[], parts: PoolsParts) {
    const { provider, clock, logger, changed } = parts;
    this.#parts = parts;
    const gauges = new Map<string, QueueGauge>();
    const gauge = (queue: string): QueueGauge => {
      const name = QueueName.parse(queue);
      const known = gauges.get(name.toString()) ?? new QueueGauge(name, provider.queues, clock);
      gauges.set(name.toString(), known);
      return known;
    };
    const everyMs = lookInterval(provider.name, undefined) ?? ownMs;
    this.limits = limits.length > 0 ? new PushLimits(limits, { clock, gauge, everyMs }) : undefined;
    this.#elastic = descriptors.some(({ elastic }) => elastic) ? new ElasticPools(clock, logger) : undefined;
    this.#pressure = descriptors.some(({ holdWhen = [] }) => holdWhen.length > 0)
      ? new BackPressure({ clock, logger, gauge, everyMs, changed })
      : undefined;
  }

  /** The parts that follow deliveries. */
  get observers(): readonly DeliveryObserver[] {
    return [this.#elastic, this.#pressure].filter((one) => one !== undefined);
  }

  /** Counts the queues that may be full, before anything is leased. */
  async start(loops: readonly SubscriptionLoop[]): Promise<void> {
    const { clock, logger } = this.#parts;
    this.#watch = new LoopWatch(loops, logger);
    this.#watch.start(clock);
    this.#elastic?.start(loops);
    await this.#pressure?.start(loops);
  }

  stop(): void {
    this.#watch?.stop();
    this.#elastic?.stop();
    this.#pressure?.stop();
  }
}
