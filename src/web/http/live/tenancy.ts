import type { Clock, Timer } from "../../../base/clock.ts";
import { isBeeHiveError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Provider } from "../../../contract/provider.ts";
import type { CollectionStore, Identified } from "../../../contract/stores.ts";
import { QueueName } from "../../../events/queue-name.ts";

/** A subscription of one process, and when that process was last alive. */
interface Tenant extends Identified {
  readonly beat: number;
}

const beatMs = 60_000;
/** The age of a beat from which a process counts as gone, in ms. Clocks of machines may differ by minutes. */
export const goneMs: number = 10 * beatMs;

/**
 * The subscriptions that belong to one process each.
 *
 * A process that ends removes its own. Those of a process that crashed are removed by another, ten minutes later.
 */
export class Tenancy {
  readonly #provider: Provider;
  readonly #tenants: CollectionStore<Tenant>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #own = new Set<string>();
  #timer: Timer | undefined;

  constructor(provider: Provider, clock: Clock, logger: Logger) {
    this.#provider = provider;
    this.#tenants = provider.stores.collection<Tenant>("LiveSubscriptions");
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Notes a subscription of this process, and removes those of processes that are gone. */
  async begin(name: QueueName): Promise<void> {
    await this.#beat(name.toString());
    this.#own.add(name.toString());
    await this.#sweep();
    // Begun anew each time, the beats of other subscriptions would never come.
    if (!this.#timer) this.#beatLater();
  }

  /** Removes a subscription of this process. */
  async end(name: QueueName): Promise<void> {
    this.#own.delete(name.toString());
    if (this.#own.size === 0) this.#rest();
    await this.#remove(name.toString());
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #beatLater(): void {
    this.#rest();
    this.#timer = this.#clock.after(beatMs, () => {
      void Promise.all([...this.#own].map((id) => this.#beat(id)))
        .then(() => this.#sweep())
        .catch((error: unknown) => this.#logger.warn({ err: error }, "live subscriptions could not be looked after"))
        .finally(() => this.#own.size > 0 && this.#beatLater());
    });
    this.#timer.unref?.();
  }

  async #beat(id: string): Promise<void> {
    await this.#tenants.upsert({ id, beat: this.#clock.now() });
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now();
    for await (const { id, beat } of this.#tenants.all()) if (now - beat > goneMs) await this.#remove(id);
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#provider.queues.delete(QueueName.parse(id));
      await this.#tenants.delete(id);
    } catch (error) {
      // Another process may sweep at the same time.
      if (isBeeHiveError(error, "NotFound")) return;
      // The note stays until the subscription is gone, so the next sweep tries again.
      this.#logger.warn({ err: error, queue: id }, "a live subscription could not be removed");
    }
  }
}
