import { checkedNumber } from "../base/checked-number.ts";
import { delay, wholeNumber } from "../base/numbers.ts";
import { createHive, type Hive, type HiveOptions } from "../hive/hive.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import { silentLogger } from "../base/logger.ts";
import { openProvider } from "../hive/open-provider.ts";
import type { Provider } from "../contract/provider.ts";
import type { Stores } from "../contract/stores.ts";
import { causalTree, type CausalTree } from "./causal-tree.ts";
import { ManualClock } from "./manual-clock.ts";
import { Recorder, RecordingProvider } from "./recording-provider.ts";
import { inVirtualTime, stillness } from "./settling.ts";

/** A hive's options, with what a test wants where nothing is said: memory, silence, no chance, no environment. */
export interface TestHiveOptions extends Omit<HiveOptions, "provider" | "clock" | "topology" | "onDelivery"> {
  /** One of its own unless given. */
  readonly clock?: ManualClock | undefined;
  /** A provider on that clock, which the hive does not close; memory unless given. */
  readonly provider?: Provider | undefined;
}

/** How far {@link TestHive.settle} goes before it says that a hive does not settle. */
export interface SettleOptions {
  /** In ms of virtual time; 400 days unless given. */
  readonly within?: number | undefined;
  /** 10,000 unless given. */
  readonly deliveries?: number | undefined;
}

const day = 24 * 60 * 60 * 1000;

/**
 * A hive whose time stands still until the test moves it.
 *
 * ```ts
 * const hive = await TestHive.start({ actors: [PaymentActor, ShippingActor] });
 * await hive.push(OrderAccepted.create({ orderId: "1" }));
 * await hive.settle();
 * assert.equal(String(hive.tree()), golden);
 * await hive.stop();
 * ```
 *
 * Actors see its time as `context.clock`. What they wait for must be promises and that clock: of a real timer or a
 * network it is not known how long they take, so virtual time may run ahead of them.
 */
export class TestHive implements AsyncDisposable {
  readonly clock: ManualClock;
  /** The hive itself, for all else that it can do. */
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

  /** Makes the queues of these actors and starts them. */
  static async start(options: TestHiveOptions): Promise<TestHive> {
    const { clock = new ManualClock(), provider, ...rest } = options;
    const recorder = new Recorder();
    const inner = provider ?? (await openProvider("memory:", { clock }));
    const hive = await createHive({
      logger: silentLogger,
      random: () => 0,
      environment: {},
      ...rest,
      clock,
      provider: new RecordingProvider(inner, recorder),
      onDelivery: (report) => recorder.deliveries.push(report),
    });
    await hive.start();
    return new TestHive(hive, clock, recorder, provider ? undefined : inner);
  }

  /** Stores that write at once. */
  get stores(): Stores {
    return this.hive.provider.stores;
  }

  /** Publishes events from outside any actor. */
  push(events: Event | Iterable<Event>): Promise<number | undefined> {
    return this.hive.push(events);
  }

  /**
   * Lets everything follow that follows: moves the clock from timer to timer until no event is ready, leased or
   * delayed, so that a delay of a year takes no time. Pulses that fall due on the way are fired; when nothing is under
   * way no time passes. Ends as well when the hive stopped.
   *
   * @throws Error that names what is still waiting, when it goes on beyond the bounds; BeeHiveError
   *   `InvalidConfiguration` when a bound is no number.
   */
  async settle({ within = 400 * day, deliveries = 10_000 }: SettleOptions = {}): Promise<void> {
    checkedNumber("TestHive.settle", "within", within, delay);
    checkedNumber("TestHive.settle", "deliveries", deliveries, wholeNumber(1));
    const latest = this.clock.now() + within;
    const most = this.#recorder.deliveries.length + deliveries;
    for (;;) {
      await this.#stillness(most);
      const waiting = this.#stopped ? [] : await this.#waiting();
      if (waiting.length === 0) return;
      if (this.#recorder.deliveries.length >= most) throw unsettled(`${deliveries} deliveries`, waiting);
      const { next } = this.clock;
      if (next === undefined || next > latest) throw unsettled(`${within / day} days of virtual time`, waiting);
      await this.clock.advance(next - this.clock.now());
    }
  }

  /** Moves the time on by `ms`, and lets happen what that brings, each thing at its own time. */
  async advance(ms: number): Promise<void> {
    checkedNumber("TestHive.advance", "ms", ms, delay);
    const end = this.clock.now() + ms;
    for (;;) {
      await this.#stillness();
      const { next = Infinity } = this.clock;
      await this.clock.advance(Math.min(next, end) - this.clock.now());
      if (next > end) break;
    }
    await this.#stillness();
  }

  /** Everything that was pushed since the hive started and all that followed. */
  tree(): CausalTree {
    return causalTree(this.#recorder, this.hive.descriptors);
  }

  /** @internal How the first delivery ended. */
  async firstDelivery(): Promise<DeliveryReport> {
    for (;;) {
      await this.#stillness(1);
      const [first] = this.#recorder.deliveries;
      if (first) return first;
      const { next } = this.clock;
      if (next === undefined) throw unsettled("reason", await this.#waiting());
      await this.clock.advance(next - this.clock.now());
    }
  }

  /** The dead letters of a queue or subscription, oldest first. */
  async deadLetters(queueName: string): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const letter of this.hive.queue(queueName).deadLetters()) letters.push(letter);
    return letters;
  }

  /** Stops the hive; what actors still work on is given back. */
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

  #stillness(most = Infinity): Promise<void> {
    const { deliveries } = this.#recorder;
    return stillness(
      () => this.#recorder.changes,
      () => deliveries.length >= most,
    );
  }

  /** Where events are under way, in words. */
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
