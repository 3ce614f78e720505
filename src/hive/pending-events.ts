import { Alarm } from "../base/alarm.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Stores } from "../contract/stores.ts";
import { storeTokens } from "../actors/injection/tokens.ts";

/** The time between two looks, in ms. */
const lookMs = 30_000;

/** Publishes, now and then, the events that transactions on entities left behind when their process ended. */
export class PendingEvents {
  readonly #stores: Stores;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #alarm: Alarm;
  #looking: Promise<void> = Promise.resolve();

  constructor(stores: Stores, clock: Clock, logger: Logger) {
    this.#stores = stores;
    this.#clock = clock;
    this.#logger = logger;
    this.#alarm = new Alarm(clock, () => this.#begin(), false);
  }

  /** Looks at once, then in intervals. Does nothing where no entities are declared. */
  start(): void {
    if (this.#names().length > 0) this.#begin();
  }

  /** Ends the looks, and waits for the one under way. */
  async stop(): Promise<void> {
    this.#alarm.cancel();
    await this.#looking;
    this.#alarm.cancel();
  }

  #begin(): void {
    this.#looking = this.#look().finally(() => this.#alarm.ringBy(this.#clock.now() + lookMs));
  }

  async #look(): Promise<void> {
    for (const name of this.#names()) {
      try {
        const published = await this.#stores.publishPending?.(name);
        if (published) this.#logger.warn({ collection: name, published }, "published events of a process that ended");
      } catch (error) {
        this.#logger.warn({ err: error, collection: name }, "pending events of entities could not be read");
      }
    }
  }

  #names(): string[] {
    return [...new Set([...storeTokens()].flatMap(({ kind, name }) => (kind === "entities" ? [name] : [])))];
  }
}
