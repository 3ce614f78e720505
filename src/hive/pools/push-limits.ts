import { sleep, type Clock } from "../../base/clock.ts";
import { inMs } from "../../base/duration.ts";
import { Overloaded } from "../../base/errors.ts";
import { Turnstile } from "../../base/turnstile.ts";
import type { Event } from "../../events/event.ts";
import type { PushLimit } from "./push-limit.ts";
import type { QueueGauge } from "./queue-gauge.ts";

export interface PushLimitsParts {
  readonly clock: Clock;
  readonly gauge: (queue: string) => QueueGauge;
  /** The longest age of a count, in ms. */
  readonly everyMs: number;
}

const defaultMaxWaitMs = 30_000;
/** The time between two counts of a full queue, in ms. */
const fullMs = 250;

/** A limit with its gauge. */
interface Limited {
  readonly above: number;
  readonly maxWaitMs: number;
  readonly gauge: QueueGauge;
  readonly destination: string;
}

/** Lets pushes wait, or refuses them, while a queue is above its limit. */
export class PushLimits {
  readonly #parts: PushLimitsParts;
  readonly #limits: readonly Limited[];
  /** Pushes that wait for room get it in the order of their calls. */
  readonly #turns = new Turnstile();

  constructor(limits: readonly PushLimit[], parts: PushLimitsParts) {
    this.#parts = parts;
    this.#limits = limits.map(({ queue, above, onFull, maxWait = defaultMaxWaitMs }) => {
      const gauge = parts.gauge(queue);
      const maxWaitMs = onFull === "wait" ? inMs(maxWait) : 0;
      return { above, maxWaitMs, gauge, destination: gauge.name.destination.toString() };
    });
  }

  /**
   * Resolves when the events may be pushed.
   *
   * @param assertOpen Throws when the hive publishes nothing more.
   * @throws Overloaded when a queue of theirs is full.
   */
  async admit(events: readonly Event[], assertOpen: () => void): Promise<void> {
    for (const limit of this.#limits) {
      const now = this.#parts.clock.now();
      const count = events.filter((one) => one.queueName === limit.destination && isDue(one, now)).length;
      if (count > 0) await this.#admit(limit, count, assertOpen);
    }
  }

  async #admit(limit: Limited, count: number, assertOpen: () => void): Promise<void> {
    const startedAt = this.#parts.clock.now();
    const leave = await this.#turns.enter(limit.gauge.name.toString());
    try {
      await this.#room(limit, startedAt, assertOpen);
      assertOpen();
      limit.gauge.add(count);
    } finally {
      leave();
    }
  }

  async #room({ gauge, above, maxWaitMs }: Limited, startedAt: number, assertOpen: () => void): Promise<void> {
    const { clock, everyMs } = this.#parts;
    await gauge.look(everyMs);
    while (gauge.ready >= above) {
      const leftMs = startedAt + maxWaitMs - clock.now();
      if (leftMs <= 0) throw overloaded(gauge, above, maxWaitMs);
      await sleep(clock, Math.min(fullMs, leftMs));
      assertOpen();
      await gauge.look(fullMs);
    }
  }
}

function overloaded(gauge: QueueGauge, above: number, waitedMs: number): Overloaded {
  const retryAfterMs = gauge.msUntil(above);
  const waited = waitedMs > 0 ? ` The push waited for ${waitedMs} ms.` : "";
  return new Overloaded(
    gauge.name.toString(),
    retryAfterMs,
    `${gauge.name} has ${gauge.ready} events ready, and its limit is ${above}; nothing was published.${waited} ` +
      `Push again in ${retryAfterMs} ms.`,
  );
}

function isDue({ enqueueTime }: Event, now: number): boolean {
  return enqueueTime === undefined || enqueueTime.getTime() <= now;
}
