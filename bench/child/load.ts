import { bodyOf, firstSequence, type Body } from "./body.ts";
import type { Handled, Hops } from "./hops.ts";

/** Result of a stretch of work. */
export interface Throughput {
  /** Handler calls during the measurement. */
  readonly handled: number;
  readonly seconds: number;
  /** Processor time of this process during the measurement, in ms. */
  readonly cpuMs: number;
  /** All handler calls, also while filling and draining. */
  readonly total: number;
  /** Peak memory of this process, in bytes. */
  readonly peakBytes: number;
  /** Heap of a waiting event when there are many, in bytes. */
  readonly bytesAnEvent: number;
}

/** Latencies from the planned send of an event to its last handler call, in ms. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly events: number;
}

const hops = 3;
/** Events in one batch of the filling. */
const fillBatch = 1_000;
/** Source events between two looks at the clock. */
const lookEach = 16;
/** Share of the first latencies, in percent, that are not counted. */
const warmUpPercent = 10;

/** Sends source events to a contestant, and checks that each event is handled once at each hop. */
export class Load {
  readonly #calls = [0, 0, 0];
  /** Sums of sequence numbers, so that a repeated event cannot hide a lost one. */
  readonly #sums = [0, 0, 0];
  #sent = 0;
  #sentSum = 0;
  #done = 0;
  #finished: (sequence: number) => void = () => {};
  #failed: (error: unknown) => void = () => {};

  readonly handled: Handled = (hop, { sequence }) => {
    this.#calls[hop] = (this.#calls[hop] ?? 0) + 1;
    this.#sums[hop] = (this.#sums[hop] ?? 0) + sequence;
    if (hop !== hops - 1) return;
    this.#done++;
    this.#finished(sequence);
  };

  /**
   * Keeps `window` source events under way for a while, then lets them end. A held target is filled before it
   * starts, and keeps its rest.
   */
  async throughput(target: Hops, seconds: number, window: number): Promise<Throughput> {
    const before = this.#total;
    const bytesAnEvent = target.start ? await this.#fill(target, window) : 0;
    const result = await this.#failing<Throughput>((resolve) => {
      let start = NaN;
      let cpu = process.cpuUsage();
      let callsBefore = 0;
      let measured: Throughput | undefined;
      // In a microtask: otherwise a contestant that calls handlers at once would be called from its own call.
      const launch = (): void => {
        if (!measured) this.#launch(target);
      };
      this.#finished = () => {
        if (Number.isNaN(start)) {
          // The first event has come through: waits at the start are not measured.
          start = performance.now();
          cpu = process.cpuUsage();
          callsBefore = this.#total;
        }
        if (!measured) {
          const now = this.#done % lookEach === 0 ? performance.now() : start;
          if (now - start < seconds * 1_000) return queueMicrotask(launch);
          const { user, system } = process.cpuUsage(cpu);
          const peakBytes = process.resourceUsage().maxRSS * 1_024;
          const handled = this.#total - callsBefore;
          const cpuMs = (user + system) / 1_000;
          measured = { handled, seconds: (now - start) / 1_000, cpuMs, total: 0, peakBytes, bytesAnEvent };
        }
        if (this.#done === this.#sent || target.start) resolve(measured);
      };
      if (target.start) target.start().catch(this.#failed);
      else for (let n = 0; n < window; n++) this.#launch(target);
    });
    if (!target.start) this.#assertEachOnce();
    return { ...result, total: this.#total - before };
  }

  /** Sends source events at a fixed rate, on time however long pushes take. */
  async latency(target: Hops, ratePerSecond: number, seconds: number): Promise<Latency> {
    const count = Math.max(1, Math.round(ratePerSecond * seconds));
    const interval = 1_000 / ratePerSecond;
    const base = firstSequence + this.#sent;
    const latencies = new Float64Array(count);
    const start = performance.now() + interval;
    await this.#failing<void>((resolve) => {
      const last = this.#done + count;
      this.#finished = (sequence) => {
        const n = sequence - base;
        latencies[n] = performance.now() - (start + n * interval);
        if (this.#done === last) resolve();
      };
      let sent = 0;
      const send = (): void => {
        while (sent < count && start + sent * interval <= performance.now()) {
          sent++;
          this.#launch(target);
        }
        if (sent === count) return;
        // Timers may be a millisecond late: the last part is waited out turn by turn.
        const waitMs = start + sent * interval - performance.now();
        if (waitMs > 3) setTimeout(send, waitMs - 2);
        else setImmediate(send);
      };
      send();
    });
    this.#assertEachOnce();
    const counted = latencies.subarray(Math.floor((count * warmUpPercent) / 100)).sort();
    const at = (share: number): number =>
      counted[Math.min(counted.length - 1, Math.floor(counted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), most: at(1), events: counted.length };
  }

  get #total(): number {
    return this.#calls.reduce((sum, calls) => sum + calls);
  }

  #launch(target: Hops): void {
    const pushed = target.push(this.#next());
    if (pushed instanceof Promise) pushed.catch(this.#failed);
  }

  #next(): Body {
    const sequence = firstSequence + this.#sent++;
    this.#sentSum += sequence;
    return bodyOf(sequence);
  }

  /** Sends events that wait, and returns the heap that each takes. */
  async #fill(target: Hops, window: number): Promise<number> {
    globalThis.gc?.();
    const heap = process.memoryUsage().heapUsed;
    for (let left = window; left > 0; left -= fillBatch) {
      const bodies = Array.from({ length: Math.min(left, fillBatch) }, () => this.#next());
      if (target.pushAll) await target.pushAll(bodies);
      else await Promise.all(bodies.map((body) => target.push(body)));
    }
    globalThis.gc?.();
    return (process.memoryUsage().heapUsed - heap) / window;
  }

  async #failing<T>(run: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#failed = reject;
      run(resolve);
    });
  }

  #assertEachOnce(): void {
    const wrong = this.#calls.some((calls, hop) => calls !== this.#sent || this.#sums[hop] !== this.#sentSum);
    if (wrong)
      throw new Error(`${this.#sent} events were sent; its three handlers were called ${this.#calls.join(", ")} times`);
  }
}
