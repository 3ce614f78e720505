import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { SubscriptionLoop } from "../../delivery/subscription-loop.ts";
import type { DeliveryObserver, DeliveryReport } from "../../delivery/delivery.ts";
import { Resizer } from "./resizer.ts";

/** The time between two looks for slots that are not used, in ms. */
const restMs = 30_000;

interface Pool {
  readonly loop: SubscriptionLoop;
  readonly resizer: Resizer;
}

/** Resizes the subscriptions whose parallelism is elastic. */
export class ElasticPools implements DeliveryObserver {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pools = new Map<string, Pool>();
  #timer: Timer | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  start(loops: readonly SubscriptionLoop[]): void {
    for (const loop of loops) {
      const { elastic, queueName } = loop.descriptor;
      if (elastic) this.#pools.set(queueName.toString(), { loop, resizer: new Resizer(elastic) });
    }
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  delivered({ descriptor, outcome }: DeliveryReport): void {
    const pool = this.#pools.get(descriptor.queueName.toString());
    if (!pool) return;
    const { loop, resizer } = pool;
    const { inFlight } = loop;
    this.#use(pool, resizer.ended({ now: this.#clock.now(), inFlight, committed: outcome === "committed" }));
  }

  /** Applies a size, unless an operator set a fixed one. */
  #use({ loop: { descriptor, polling } }: Pool, size: number): void {
    if (!descriptor.elastic || polling.size === size) return;
    const { name: actor, queueName } = descriptor;
    this.#logger.debug(
      { actor, subscription: queueName.toString(), from: polling.size, to: size },
      "the parallelism was changed",
    );
    polling.resize(size);
  }

  #schedule(): void {
    this.#timer = this.#clock.after(restMs, () => {
      for (const pool of this.#pools.values()) this.#use(pool, pool.resizer.rest(this.#clock.now()));
      this.#schedule();
    });
  }
}
