import { checkedDuration, checkedNumber } from "../base/checked-number.ts";
import type { Duration } from "../base/duration.ts";
import { delay, wholeNumber } from "../base/numbers.ts";
import { createHive, type Hive, type HiveOptions } from "../hive/hive.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import { silentLogger } from "../base/logger.ts";
import { openProvider, withCodec } from "../hive/open-provider.ts";
import type { Token } from "../actors/injection/tokens.ts";
import type { Provider } from "../contract/provider.ts";
import type { Stores } from "../contract/stores.ts";
import { causalTree, type CausalTree } from "./causal-tree.ts";
import { ManualClock } from "./manual-clock.ts";
import { Recorder, recordingProvider } from "./recording-provider.ts";
import { inVirtualTime, stillness } from "./settling.ts";

/** Options of a hive, with defaults for tests: memory, no logs, randomness or environment. */
export interface TestHiveOptions extends Omit<HiveOptions, "provider" | "clock" | "topology" | "onDelivery"> {
  /** The clock of the hive. @default A new one. */
  readonly clock?: ManualClock | undefined;
  /** A provider on that clock, which the hive does not close. @default Memory. */
  readonly provider?: Provider | undefined;
}

/** The bounds of {@link TestHive.settle}, beyond which it reports a hive that does not settle. */
export interface SettleOptions {
  /** Maximum virtual time. @default "400d" */
  readonly within?: Duration | undefined;
  /** Maximum deliveries. @default 10_000 */
  readonly deliveries?: number | undefined;
}

const day = 24 * 60 * 60 * 1000;

/**
 * A hive whose time stands still until the test advances it.
 *
 * Actors see its time as `context.clock`. They may wait for promises and for that clock only: virtual time runs ahead
 * of real timers and networks.
 *
 * @example
 * await using hive = await TestHive.start({ actors: [PaymentActor, ShippingActor] });
 * await hive.push(OrderAccepted.create({ orderId: "1" }));
 * await hive.settle();
 * assert.equal(String(hive.tree()), golden);
 */
export class TestHive implements AsyncDisposable {
  readonly clock: ManualClock;
  /** The hive itself. */
  readonly hive: Hive;
  readonly #recorder: Recorder;
  readonly #ownProvider: Provider | undefined;
  #stopped = false;

  private constructor(hive: Hive, clock: ManualClock, recorder: Recorder, ownProvider: Provider | undefined) {
    this.hive = hive;
    this.clock = clock;
    this.#recorder = recorder;
    this.#ownProvider = ownProvider;
    const stopped = (): void => {
      this.#stopped = true;
    };
    void hive.whenStopped().then(stopped, stopped);
  }

  /** Creates the queues of the actors and starts them. */
  static async start(options: TestHiveOptions): Promise<TestHive> {
    const { clock = new ManualClock(), provider, ...rest } = options;
    const recorder = new Recorder();
    const { codec } = rest;
    const inner = provider ?? (await openProvider("memory:", { clock }));
    // A wrong codec is refused by the hive.
    const isRight = typeof codec?.encode === "function";
    const coded = isRight ? await withCodec(inner, recorder.watched(codec)) : inner;
    const hive = await createHive({
      logger: silentLogger,
      random: () => 0,
      environment: {},
      // On memory, operators are followed without timers. Elsewhere, each look would be a step of the virtual time.
      ...(inner.name !== "memory" && { controls: false }),
      ...rest,
      ...(isRight && { codec: undefined }),
      clock,
      provider: recordingProvider(coded, recorder),
      onDelivery: (report) => recorder.deliveries.push(report),
    });
    await hive.start();
    return new TestHive(hive, clock, recorder, provider ? undefined : inner);
  }

  /** Stores that write at once. */
  get stores(): Stores {
    return this.hive.provider.stores;
  }

  /**
   * Returns a store by its token, typed; it writes at once.
   *
   * @example
   * assert.equal((await hive.store(Orders).get("1")).status, "paid");
   */
  store<T>(token: Token<T>): T {
    return this.hive.store(token);
  }

  /** Publishes events from outside any actor. */
  push(events: Event | Iterable<Event> | AsyncIterable<Event>): Promise<number | undefined> {
    return this.hive.push(events);
  }

  /**
   * Advances the clock until no event is ready, leased or delayed, or until the hive has stopped.
   *
   * The clock jumps from timer to timer, so a delay of a year takes no time. Pulses due on the way fire. No time passes
   * when no event is under way.
   *
   * @throws Error that names the waiting events when a bound is reached; BeeHiveError `InvalidConfiguration` when a
   *   bound is invalid.
   * @example
   * await hive.settle({ within: "30d" });
   */
  async settle({ within = "400d", deliveries = 10_000 }: SettleOptions = {}): Promise<void> {
    const withinMs = checkedDuration("TestHive.settle", "within", within, delay);
    checkedNumber("TestHive.settle", "deliveries", deliveries, wholeNumber(1));
    const latest = this.clock.now() + withinMs;
    const maxDeliveries = this.#recorder.deliveries.length + deliveries;
    for (;;) {
      await this.#stillness(maxDeliveries);
      const waiting = this.#stopped ? [] : await this.#waiting();
      if (waiting.length === 0) return;
      if (this.#recorder.deliveries.length >= maxDeliveries) throw unsettled(`${deliveries} deliveries`, waiting);
      const { next } = this.clock;
      if (next === undefined || next > latest) throw unsettled(`${withinMs / day} days of virtual time`, waiting);
      await this.clock.advance(next - this.clock.now());
    }
  }

  /**
   * Advances the clock, and runs everything that falls due, each at its own time.
   *
   * @example
   * await hive.advance("1h");
   */
  async advance(by: Duration): Promise<void> {
    const end = this.clock.now() + checkedDuration("TestHive.advance", "by", by, delay);
    for (;;) {
      await this.#stillness();
      const { next = Infinity } = this.clock;
      await this.clock.advance(Math.min(next, end) - this.clock.now());
      if (next > end) break;
    }
    await this.#stillness();
  }

  /** Returns all events pushed since the start, and everything that followed from them. */
  tree(): CausalTree {
    return causalTree(this.#recorder, this.hive.descriptors);
  }

  /** @internal Waits for the first delivery. */
  async firstDelivery(): Promise<DeliveryReport> {
    const [first] = await this.firstDeliveries(1);
    return first as DeliveryReport;
  }

  /** @internal Waits for the first deliveries. */
  async firstDeliveries(count: number): Promise<readonly DeliveryReport[]> {
    const { deliveries } = this.#recorder;
    for (;;) {
      await this.#stillness(count);
      if (deliveries.length >= count) return deliveries.slice(0, count);
      const { next } = this.clock;
      if (next === undefined) throw unsettled("reason", await this.#waiting());
      await this.clock.advance(next - this.clock.now());
    }
  }

  /** Returns the dead letters of a queue or subscription, oldest first. */
  async deadLetters(queueName: string): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const letter of this.hive.queue(queueName).deadLetters()) letters.push(letter);
    return letters;
  }

  /** Stops the hive; events that actors still process are abandoned. */
  async stop(): Promise<void> {
    await inVirtualTime(
      "The hive that stops",
      this.clock,
      () => this.#recorder.changes,
      this.hive.stop({ deadline: 0 }),
    );
    await this.#ownProvider?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #stillness(maxDeliveries = Infinity): Promise<void> {
    const { deliveries } = this.#recorder;
    return stillness(
      () => this.#recorder.changes,
      () => deliveries.length >= maxDeliveries,
    );
  }

  /** Returns where events are under way, in words. */
  async #waiting(): Promise<readonly string[]> {
    const waiting: string[] = [];
    for (const { name, queueName } of this.hive.descriptors) {
      const { ready, leased, delayed } = await this.hive.queue(queueName.toString()).counts();
      if (ready + leased + delayed === 0) continue;
      waiting.push(`${queueName} (${name}): ${ready} ready, ${leased} leased, ${delayed} delayed`);
    }
    if (waiting.length === 0 && this.#recorder.inFlight > 0) waiting.push(`${this.#recorder.inFlight} actors at work`);
    return waiting;
  }
}

function unsettled(bound: string, waiting: readonly string[]): Error {
  return new Error(
    `The hive did not settle within ${bound}. Still waiting:${waiting.map((one) => `\n  ${one}`).join("")}`,
  );
}
