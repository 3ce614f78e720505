import { maxAttemptsOf } from "../../actors/supervision.ts";
import { BeeHiveError, ConcurrencyConflict } from "../../base/errors.ts";
import type { Provider } from "../../contract/provider.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { FaultDecision, Decisions } from "./decisions.ts";
import type { Effects } from "./effects.ts";
import type { Fault, FaultProfile } from "./faults.ts";
import type { DeliveryRecord, History } from "./history.ts";
import type { StoreAddress } from "./instrumented-stores.ts";
import type { Touched } from "./snapshot.ts";
import type { Living, World } from "./world.ts";

/** The parts of one run. */
export interface SceneParts {
  readonly world: World;
  readonly decisions: Decisions;
  readonly profile: FaultProfile<number>;
  readonly history: History;
  readonly touched: Touched;
  readonly effects: Effects;
  /** The provider below: the engine of the run. */
  readonly engine: Provider;
}

/** A process that faults may strike. */
export interface Struck extends Living {
  readonly number: number;
  /** True once it was told to stop. */
  readonly stopping: boolean;
  /** The deliveries under way. */
  readonly atWork: readonly DeliveryRecord[];
  /** Ends at once, in the middle of everything. @param by The delivery whose call the crash befell. */
  crash(by: DeliveryRecord | undefined): void;
  /** Stands still, and goes on as if nothing had happened. */
  freeze(ms: number): void;
  /** Stops as a release does, and is replaced. */
  restart(deadlineMs: number): void;
}

/** A process as the provider in it sees it. */
export interface Host extends Struck {
  readonly hive: { deliver(lease: Lease): Promise<unknown> } | undefined;
  /** A process that works, this one if it does. */
  readonly working: Host | undefined;
  /** Notes a delivery that begins. */
  begin(record: DeliveryRecord): void;
  /** Ends a lock with the process. */
  holds(lock: { lose?(): void }): void;
}

/** Where a call is made. */
export interface Caller {
  readonly process: Struck | undefined;
  readonly record: DeliveryRecord | undefined;
  /** Names the call alike in all runs. */
  readonly key: string;
  /** The call without its arguments. */
  readonly name: string;
  /** The call in words: `Orders.update({ id: "1" })`. */
  readonly text: string;
}

/** The most attempts of one event that faults may take. */
const maxLostAttempts = 3;
/** Faults that take an attempt of the event that they befall. */
const takesAttempt: ReadonlySet<Fault> = new Set([
  "crash",
  "freeze",
  "lease-lost",
  "outage",
  "lost-answer",
  "throttled",
  "half-batch",
]);

/** A run: lets time pass and faults strike around each call. */
export class Scene implements SceneParts {
  readonly world: World;
  readonly decisions: Decisions;
  readonly profile: FaultProfile<number>;
  readonly history: History;
  readonly touched: Touched;
  readonly effects: Effects;
  readonly engine: Provider;
  /** The delivery whose code runs now. */
  current: { readonly process: Struck; readonly record: DeliveryRecord | undefined } | undefined;
  /** The highest floor that increments named for each counter, by its path in a snapshot. */
  readonly floors: Map<string, number> = new Map();
  readonly #thrown = new WeakSet<object>();
  /** The number of calls outside of deliveries, by their text. */
  readonly #calls = new Map<string, number>();

  constructor(parts: SceneParts) {
    this.world = parts.world;
    this.decisions = parts.decisions;
    this.profile = parts.profile;
    this.history = parts.history;
    this.touched = parts.touched;
    this.effects = parts.effects;
    this.engine = parts.engine;
  }

  /** Notes a part of the stores that is used. */
  touch(address: StoreAddress): void {
    this.touched.add(address);
    if (address.kind !== "counter" || address.min === undefined) return;
    const path = `counters/${address.name}/${address.id}`;
    this.floors.set(path, Math.max(address.min, this.floors.get(path) ?? -Infinity));
  }

  /** Returns whether an error is one of the simulation, which a client may try again after. */
  isSimulated(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#thrown.has(error);
  }

  /** Returns the caller of a call. @param name The call without its arguments. */
  callerOf(process: Struck | undefined, record: DeliveryRecord | undefined, name: string, text: string = name): Caller {
    if (record) this.history.reached(`${record.descriptor.name}: ${name}`);
    const key = record ? `${record.key}#${++record.points} ${name}` : `${text}#${this.#count(text)}`;
    return { process, record, key, name, text };
  }

  #count(text: string): number {
    const count = (this.#calls.get(text) ?? 0) + 1;
    this.#calls.set(text, count);
    return count;
  }

  /** Lets the call take its time, and a fault strike before it. */
  async before(caller: Caller, faults: readonly Fault[]): Promise<void> {
    const { process, record, key } = caller;
    await this.world.pass(this.decisions.delayOf(key), key, process);
    if (process) this.current = { process, record };
    this.history.lines.push(`${this.world.now} ${process?.number ?? "client"} ${key}`);
    await this.#strikeAt(`${key} before`, caller, faults, "before");
  }

  /** Lets a fault strike after the call has done its work. */
  async after(caller: Caller, faults: readonly Fault[]): Promise<void> {
    // A process that died during the call never gets the answer.
    if (caller.process && !caller.process.alive) await never();
    await this.#strikeAt(`${caller.key} after`, caller, faults, "after");
  }

  async #strikeAt(key: string, caller: Caller, faults: readonly Fault[], when: "before" | "after"): Promise<void> {
    const decision = this.decisions.faultAt(key, () => this.possible(faults, caller));
    if (decision) await this.#strike(decision, caller, when);
  }

  /** Returns the faults that may strike a caller: none takes the last attempt of an event. */
  possible(faults: readonly Fault[], caller: Caller): readonly Fault[] {
    return faults.filter((fault) => this.#mayStrike(fault, caller));
  }

  #mayStrike(fault: Fault, { process, record }: Caller): boolean {
    if (fault === "crash" || fault === "freeze")
      return process !== undefined && process.atWork.every((one) => this.#hasAttemptLeft(one));
    if (fault === "restart" || fault === "lease-lost") {
      if (!process || process.stopping || (record?.isCopy ?? true)) return false;
    }
    return record === undefined || !takesAttempt.has(fault) || this.#hasAttemptLeft(record);
  }

  #hasAttemptLeft(record: DeliveryRecord): boolean {
    if (record.lease.attempt >= maxAttemptsOf(record.descriptor)) return false;
    return this.history.fateOf(record).lostAttempts < maxLostAttempts;
  }

  async #strike({ fault, size }: FaultDecision, caller: Caller, when: "before" | "after"): Promise<void> {
    const { process, record, text } = caller;
    const { history } = this;
    history.strike(fault, `${nouns[fault]} ${when} ${text}`, record);
    if (record) history.points.set(`${record.descriptor.name}: ${caller.name}`, true);
    history.lines.push(`${this.world.now} ${fault} ${when} ${caller.key}`);
    if (record && takesAttempt.has(fault)) history.fateOf(record).lostAttempts++;
    switch (fault) {
      case "crash":
        process?.crash(record);
        return never();
      case "freeze":
        process?.freeze((record?.descriptor.lease ?? 30_000) * (1.1 + 2 * size));
        await this.world.pass(0, `${caller.key} thaw`, process);
        if (process) this.current = { process, record };
        return undefined;
      case "restart":
        process?.restart(size < 0.5 ? 0 : 60_000 * size);
        return undefined;
      case "lease-lost":
        return record && this.#endLease(record);
      case "conflict":
        throw this.#simulated(new ConcurrencyConflict("simulated", "An item changed while the step ran. (Simulated.)"));
      case "throttled":
        throw this.#simulated(new BeeHiveError("Throttled", `Throttled: ${text}. (Simulated.)`));
      case "outage":
      case "lost-answer":
      case "half-batch":
        throw this.noAnswer(text);
      case "late":
      case "duplicate":
        return undefined;
    }
  }

  /** Returns the error of a call that nothing answers. */
  noAnswer(text: string): Error {
    return this.#simulated(new BeeHiveError("Unavailable", `No answer: ${text}. (Simulated.)`));
  }

  /** Gives an event to another consumer. The engine refuses when the lease has ended by itself: all the same. */
  async #endLease(record: DeliveryRecord): Promise<void> {
    await this.engine.queues.abandon(record.lease, { delayMs: 0, countAttempt: true }).catch(() => {});
    record.settled = true;
  }

  #simulated(error: Error): Error {
    this.#thrown.add(error);
    return error;
  }
}

const nouns: Readonly<Record<Fault, string>> = {
  crash: "crash",
  freeze: "the process froze",
  restart: "restart",
  "lease-lost": "the lease was lost",
  late: "delayed",
  duplicate: "delivered again",
  outage: "outage",
  "lost-answer": "answer lost",
  throttled: "throttled",
  conflict: "conflict",
  "half-batch": "batch cut off",
};

/** Never resolves: how a call ends in a process that died. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
