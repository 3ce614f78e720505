import type { BatchStep, Capabilities, Provider, Step } from "../../contract/provider.ts";
import type { DeadLetter, DeadLetterRecord } from "../../contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  Lease,
  LeaseRequest,
  QueueCounts,
  QueueOperator,
  QueueSpec,
} from "../../contract/queue-operator.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { capabilitiesOf, type Fault } from "./faults.ts";
import type { DeliveryRecord } from "./history.ts";
import { InstrumentedStores } from "./instrumented-stores.ts";
import { Publishing } from "./publishing.ts";
import { never, type Caller, type Host, type Scene } from "./scene.ts";

const beforeCall: readonly Fault[] = ["crash", "freeze", "restart", "lease-lost", "outage", "throttled"];
const afterWrite: readonly Fault[] = ["crash", "lost-answer"];

/** The provider of one process of a simulation: the engine, with time and faults around each call. */
export class SimulatedProvider implements Provider {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly queues: SimulatedQueues;
  readonly stores: InstrumentedStores;
  readonly beginBatch?: (leases: readonly Lease[]) => BatchStep;
  readonly #scene: Scene;
  readonly #process: Host;

  constructor(scene: Scene, process: Host) {
    this.name = scene.engine.name;
    this.capabilities = capabilitiesOf(scene.profile);
    this.queues = new SimulatedQueues(scene, process);
    // Stores outside of a step belong to whatever runs now.
    this.stores = storesOf(scene, process, scene.engine.stores, () => undefined);
    this.#scene = scene;
    this.#process = process;
    const beginBatch = scene.engine.beginBatch?.bind(scene.engine);
    if (scene.profile.atomicStep && beginBatch) this.beginBatch = (leases) => this.#batch(leases, beginBatch(leases));
  }

  /** Returns the step of a batch. Its calls of stores belong to the first event. */
  #batch(leases: readonly Lease[], inner: BatchStep): BatchStep {
    const record = leases[0] && this.#scene.history.recordOf(leases[0]);
    if (!record) throw new Error("A batch began without a lease of the simulation.");
    const stores = this.#begin(record, inner.stores);
    return new SimulatedBatchStep(this.queues, stores, inner);
  }

  beginStep(lease: Lease): Step {
    const { history, profile, engine } = this.#scene;
    const record = history.recordOf(lease);
    if (!record) throw new Error("A step began without a lease of the simulation.");
    const inner = profile.atomicStep ? engine.beginStep(lease) : undefined;
    const stores = this.#begin(record, inner?.stores ?? engine.stores);
    return new SimulatedStep(this.queues, stores, record, inner);
  }

  /** Returns the stores of a step that begins. */
  #begin(record: DeliveryRecord, stores: Stores): Stores {
    this.#scene.current = { process: this.#process, record };
    return storesOf(this.#scene, this.#process, stores, () => record);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets go of the run, which has ended. */
  end(): void {
    this.stores.end();
  }
}

/** The step of one event: that of the engine where steps are atomic. */
class SimulatedStep implements Step {
  readonly stores: Stores;
  readonly atomic: boolean;
  readonly #queues: SimulatedQueues;
  readonly #record: DeliveryRecord;
  readonly #inner: Step | undefined;
  readonly #cancelled: string[] = [];

  constructor(queues: SimulatedQueues, stores: Stores, record: DeliveryRecord, inner: Step | undefined) {
    this.stores = stores;
    this.atomic = inner !== undefined;
    this.#queues = queues;
    this.#record = record;
    this.#inner = inner;
  }

  get published(): readonly Event[] | undefined {
    return this.#inner?.published;
  }

  cancel(key: string): void {
    this.#cancelled.push(key);
  }

  commit(outputs: readonly Event[]): Promise<void> {
    return this.#inner
      ? this.#queues.commitAtomic(this.#inner, this.#record, outputs, this.#cancelled)
      : this.#queues.commit(this.#record.lease, outputs, this.#cancelled);
  }

  discard(): void {
    this.#inner?.discard();
  }
}

/** The step of a batch, whose steps are atomic. */
class SimulatedBatchStep implements BatchStep {
  readonly stores: Stores;
  readonly atomic = true;
  readonly #queues: SimulatedQueues;
  readonly #inner: BatchStep;
  readonly #cancelled: string[] = [];

  constructor(queues: SimulatedQueues, stores: Stores, inner: BatchStep) {
    this.stores = stores;
    this.#queues = queues;
    this.#inner = inner;
  }

  get published(): readonly Event[] | undefined {
    return this.#inner.published;
  }

  cancel(key: string): void {
    this.#cancelled.push(key);
  }

  commit(leases: readonly Lease[], outputs: readonly Event[]): Promise<void> {
    return this.#queues.commitBatch(this.#inner, leases, outputs, this.#cancelled);
  }

  discard(): void {
    this.#inner.discard();
  }
}

function storesOf(
  scene: Scene,
  process: Host,
  stores: Stores,
  recordNow: () => DeliveryRecord | undefined,
): InstrumentedStores {
  return new InstrumentedStores(stores, {
    touch: (address) => scene.touch(address),
    async around({ name, text, writes }, make) {
      const record = recordNow();
      const caller = scene.callerOf(process, record, name, text);
      await scene.before(caller, beforeCall);
      record?.calls.push({ text, writes });
      const result = await make();
      if (name === "locks.tryLock" && result) process.holds(result);
      // The writes of an atomic step happen at its commit, so nothing is done yet that an answer could lose.
      const isDone = writes && (record === undefined || !scene.profile.atomicStep);
      await scene.after(caller, isDone ? afterWrite : []);
      return result;
    },
  });
}

/** The queues of one process of a simulation. */
export class SimulatedQueues implements QueueOperator {
  readonly #scene: Scene;
  readonly #process: Host;
  readonly #inner: QueueOperator;
  readonly #publishing: Publishing;

  constructor(scene: Scene, process: Host) {
    this.#scene = scene;
    this.#process = process;
    this.#inner = scene.engine.queues;
    this.#publishing = new Publishing(scene, process);
  }

  push(events: readonly Event[]): Promise<number | undefined> {
    return this.#publishing.push(events, undefined);
  }

  /** Leases one event at a time, so that each has a time of its own. Waits without end. */
  async lease(name: QueueName, { leaseMs, signal }: LeaseRequest): Promise<Lease[]> {
    const scene = this.#scene;
    const process = this.#process;
    for (;;) {
      const [lease] = await this.#inner.lease(name, { max: 1, leaseMs, waitMs: Infinity, signal });
      if (!lease) return process.alive ? [] : never();
      if (!process.alive) {
        // The wait of a process that died: nobody has leased the event.
        await this.#inner.abandon(lease, { delayMs: 0, countAttempt: false });
        return never();
      }
      this.#checkLease(lease);
      const record = scene.history.leased(lease, process.number);
      const caller = scene.callerOf(process, record, "arrive", "the event arrived");
      const arrives = await this.#arrival(caller, lease, leaseMs, record);
      if (!arrives) continue;
      process.begin(record);
      await scene.before(caller, ["crash", "freeze", "restart", "lease-lost"]);
      return [lease];
    }
  }

  /** Lets an event come late, twice, or not before its lease has ended. Returns false when it comes later. */
  async #arrival(caller: Caller, lease: Lease, leaseMs: number, record: DeliveryRecord): Promise<boolean> {
    const { decisions, history, world, profile } = this.#scene;
    const possible: readonly Fault[] = record.descriptor.ordered
      ? ["late", "lost-answer"]
      : ["late", "lost-answer", "duplicate"];
    const decision = decisions.faultAt(`${caller.key} arrival`, () => this.#scene.possible(possible, caller));
    if (decision) history.lines.push(`${world.now} ${decision.fault} at ${caller.key}`);
    if (decision?.fault === "lost-answer") {
      record.outcome = "never arrived";
      history.fateOf(record).lostAttempts++;
      history.strike("lost-answer", "answer lost after the lease", record);
      throw this.#scene.noAnswer("the lease");
    }
    if (decision?.fault === "late") {
      const delayMs = Math.ceil(1 + decision.size ** 3 * 120_000);
      record.outcome = "late";
      history.strike("late", `delayed by ${delayMs} ms`, record);
      await this.#inner.abandon(lease, { delayMs, countAttempt: false });
      record.settled = true;
      return false;
    }
    if (decision?.fault === "duplicate") {
      const delayMs = Math.ceil(copyDelay(decision.size, Math.max(profile.deduplication, 300_000)));
      history.strike("duplicate", `delivered again after ${delayMs} ms`, record);
      world.later(delayMs, () => void this.#deliverCopy(lease, leaseMs));
    }
    return true;
  }

  async #deliverCopy(lease: Lease, leaseMs: number): Promise<void> {
    const { history, world } = this.#scene;
    const process = this.#process.working;
    // Between two processes, a copy waits like any event.
    if (!process?.hive) return world.later(1_000, () => void this.#deliverCopy(lease, leaseMs));
    const { event, queueName, attempt, firstSeen } = lease;
    const copy: Lease = { event, queueName, attempt, firstSeen, expiresAt: world.now + leaseMs * 1_000 };
    const record = history.leased(copy, process.number, true);
    process.begin(record);
    await process.hive.deliver(copy);
  }

  /** Notes a lease of a key in order that another lease holds. */
  #checkLease(lease: Lease): void {
    const { history, world } = this.#scene;
    const { event, queueName } = lease;
    const name = String(queueName);
    for (const { lease: other, settled, isCopy, descriptor } of history.deliveries) {
      if (!descriptor.ordered || settled || isCopy || String(other.queueName) !== name) continue;
      if (event.partitionKey === undefined || other.event.partitionKey !== event.partitionKey) continue;
      if (other.event.id !== event.id && other.expiresAt > world.now)
        history.violated("order", `${name} leased two events of the key "${event.partitionKey}" at once.`);
    }
  }

  /** Commits a step whose writes, outputs and lease go together. */
  async commitAtomic(
    step: Step,
    record: DeliveryRecord,
    outputs: readonly Event[],
    cancelled: readonly string[],
  ): Promise<void> {
    const caller = this.#scene.callerOf(this.#process, record, "commit", "the commit");
    await this.#scene.before(caller, [...beforeCall, "conflict"]);
    for (const key of cancelled) step.cancel(key);
    await step.commit(outputs);
    for (const key of cancelled) this.#scene.history.cancelled(key);
    this.#settled(record, "committed");
    record.outputs = outputs;
    for (const output of outputs) this.#scene.history.published(output);
    await this.#scene.after(caller, afterWrite);
  }

  /** Commits a batch whose writes, outputs and leases go together. */
  async commitBatch(
    step: BatchStep,
    leases: readonly Lease[],
    outputs: readonly Event[],
    cancelled: readonly string[],
  ): Promise<void> {
    const scene = this.#scene;
    const records = leases.map((lease) => this.#recordOf(lease));
    const [first] = records;
    const caller = scene.callerOf(this.#process, first, "commit", "the commit");
    await scene.before(caller, [...beforeCall, "conflict"]);
    for (const key of cancelled) step.cancel(key);
    await step.commit(leases, outputs);
    for (const key of cancelled) scene.history.cancelled(key);
    for (const record of records) this.#settled(record, "committed");
    if (first) first.outputs = outputs;
    for (const output of outputs) scene.history.published(output);
    await scene.after(caller, afterWrite);
  }

  /** Publishes the outputs one after the other, then commits the lease. */
  async commit(lease: Lease, outputs: readonly Event[], cancelled: readonly string[] = []): Promise<void> {
    const record = this.#recordOf(lease);
    for (const key of cancelled) await this.cancel({ key }, record);
    await this.#publishing.push(outputs, record);
    const caller = this.#scene.callerOf(this.#process, record, "commit", "the commit");
    await this.#scene.before(caller, beforeCall);
    if (!record.isCopy) await this.#inner.commit(lease, []);
    this.#settled(record, "committed");
    await this.#scene.after(caller, afterWrite);
  }

  async abandon(lease: Lease, options: AbandonOptions): Promise<void> {
    const record = this.#recordOf(lease);
    const caller = this.#scene.callerOf(this.#process, record, "abandon", "the abandon");
    await this.#scene.before(caller, ["crash", "outage", "throttled"]);
    if (!record.isCopy) await this.#inner.abandon(lease, options);
    this.#settled(record, "abandoned");
    await this.#scene.after(caller, afterWrite);
  }

  async deadLetter(lease: Lease, letter: DeadLetterRecord): Promise<void> {
    const record = this.#recordOf(lease);
    const caller = this.#scene.callerOf(this.#process, record, "dead-letter", "the dead-lettering");
    await this.#scene.before(caller, ["crash", "outage", "throttled"]);
    if (!record.isCopy) await this.#inner.deadLetter(lease, letter);
    this.#settled(record, "dead-lettered");
    await this.#scene.after(caller, afterWrite);
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    const caller = this.#scene.callerOf(this.#process, undefined, "renew", "the renewal");
    await this.#scene.before(caller, ["outage"]);
    const real = leases.filter((lease) => this.#recordOf(lease).isCopy === false);
    const held = await this.#inner.renew(real, leaseMs);
    return leases.map((lease) => held[real.indexOf(lease)] ?? true);
  }

  #recordOf(lease: Lease): DeliveryRecord {
    const record = this.#scene.history.recordOf(lease);
    if (record) return record;
    throw new Error("A lease was settled that the simulation does not know.");
  }

  /** Notes a settlement, and whether the provider took one that it must refuse. */
  #settled(record: DeliveryRecord, how: "committed" | "abandoned" | "dead-lettered"): void {
    const { history } = this.#scene;
    const fate = history.fateOf(record);
    if (!record.isCopy) {
      // Without a memory of ids, an event that was published twice is two events of one id.
      const isSame = ({ lease }: DeliveryRecord): boolean =>
        this.#scene.profile.atomicStep || lease.event === record.lease.event;
      const later = fate.deliveries
        .slice(fate.deliveries.indexOf(record) + 1)
        .find((other) => !other.isCopy && isSame(other));
      if (record.settled || later)
        history.violated("fencing", `${record.key} was ${how} by a lease that was lost or settled before.`);
    }
    record.settled = true;
    if (how === "committed") fate.committed++;
    if (how === "dead-lettered" && !record.isCopy) fate.dead = true;
    if (how !== "abandoned" && fate.descriptor.ordered) history.checkOrder(fate);
  }

  /** Cancels events. @param record The delivery whose step cancels them. */
  async cancel(which: CancelChoice, record?: DeliveryRecord): Promise<number> {
    const caller = this.#scene.callerOf(this.#process, record, "cancel", "the cancel");
    await this.#scene.before(caller, beforeCall);
    const cancelled = (await this.#inner.cancel?.(which)) ?? 0;
    if ("key" in which) this.#scene.history.cancelled(which.key);
    await this.#scene.after(caller, afterWrite);
    return cancelled;
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    return this.#inner.problems(queues);
  }

  ensure(queues: readonly QueueSpec[]): Promise<void> {
    return this.#inner.ensure(queues);
  }

  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return this.#inner.missing(queues);
  }

  delete(name: QueueName): Promise<void> {
    return this.#inner.delete(name);
  }

  counts(name: QueueName): Promise<QueueCounts> {
    return this.#inner.counts(name);
  }

  deadLetters(name: QueueName): AsyncIterable<DeadLetter> {
    return this.#inner.deadLetters(name);
  }

  requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    return this.#inner.requeue(name, id, mended);
  }

  drop(name: QueueName, id: string): Promise<void> {
    return this.#inner.drop(name, id);
  }
}

/** Returns how late a copy comes: most at once, some later, some when nobody knows the event any more. */
function copyDelay(size: number, windowMs: number): number {
  if (size < 0.5) return size * 10;
  return size < 0.8 ? (size - 0.5) * 100_000 : windowMs * (1.5 + 5 * (size - 0.8));
}
