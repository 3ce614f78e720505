import { messageOf } from "../../base/error-text.ts";
import { silentLogger } from "../../base/logger.ts";
import { createHive, type Hive, type HiveOptions } from "../../hive/hive.ts";
import type { DeliveryRecord } from "./history.ts";
import type { Host, Scene } from "./scene.ts";
import { SimulatedProvider } from "./simulated-provider.ts";

/** Options of the hive of each process. A function makes new ones, as a new process does. */
export type ProcessOptions = () =>
  | Omit<HiveOptions, "provider" | "clock">
  | Promise<Omit<HiveOptions, "provider" | "clock">>;

/** The processes of a run. One that ends is replaced. */
export class Processes {
  readonly all: SimulatedProcess[] = [];
  readonly #scene: Scene;
  readonly #options: ProcessOptions;

  constructor(scene: Scene, options: ProcessOptions) {
    this.#scene = scene;
    this.#options = options;
  }

  /** Starts another process. */
  async start(): Promise<SimulatedProcess> {
    const process = new SimulatedProcess(this.all.length + 1, this.#scene, this);
    this.all.push(process);
    try {
      await process.start(await this.#options());
    } catch (error) {
      this.#scene.history.violated("start", `A process could not start: ${messageOf(error)}`);
    }
    return process;
  }

  /** Starts another process in the place of one that ends. */
  replace(): void {
    this.#scene.world.later(restartMs, () => void this.start());
  }

  /** Ends all of them, where they are, with the run. */
  end(): void {
    for (const process of this.all) {
      process.end();
      process.provider.end();
    }
  }

  /** The deliveries under way in all living processes. */
  get atWork(): readonly DeliveryRecord[] {
    return this.all.flatMap(({ alive, atWork }) => (alive ? atWork : []));
  }

  /** A process that works; the one that a copy of an event goes to. */
  get running(): SimulatedProcess | undefined {
    return this.all.findLast(({ alive, stopping }) => alive && !stopping);
  }
}

/** How long it takes until another process takes the place of one that ended, in ms. */
const restartMs = 1_000;

/** A process of a simulation, with a hive of its own. */
export class SimulatedProcess implements Host {
  readonly number: number;
  alive = true;
  frozenUntil = 0;
  stopping = false;
  hive: Hive | undefined;
  readonly provider: SimulatedProvider;
  readonly #scene: Scene;
  readonly #processes: Processes;
  readonly #atWork = new Set<DeliveryRecord>();
  readonly #locks = new Set<{ lose?(): void }>();

  constructor(number: number, scene: Scene, processes: Processes) {
    this.number = number;
    this.#scene = scene;
    this.#processes = processes;
    this.provider = new SimulatedProvider(scene, this);
  }

  async start(options: Omit<HiveOptions, "provider" | "clock">): Promise<void> {
    this.hive = await createHive({
      logger: silentLogger,
      environment: {},
      journal: false,
      random: () => 0,
      ...options,
      controls: false,
      clock: this.#scene.world.clockOf(this),
      provider: this.provider,
      onDelivery: (report) => {
        options.onDelivery?.(report);
        const { event, descriptor, attempt, outcome, error, outputs } = report;
        const record = [...this.#atWork].find(
          ({ lease }) =>
            lease.event === event &&
            lease.attempt === attempt &&
            String(lease.queueName) === String(descriptor.queueName),
        );
        if (!record) return;
        record.outcome = outcome;
        record.error = error;
        if (outputs.length > 0) record.outputs = outputs;
        this.#atWork.delete(record);
        this.#scene.history.lines.push(`${this.#scene.world.now} ${this.number} ${record.key} ${outcome}`);
      },
    });
    const over = (): void => {
      // A hive that supervision stops ends its process, and whatever runs processes starts another.
      if (this.alive && !this.stopping) this.#processes.replace();
      this.end();
    };
    void this.hive.whenStopped().then(over, over);
    await this.hive.start();
  }

  get atWork(): readonly DeliveryRecord[] {
    return [...this.#atWork];
  }

  get working(): SimulatedProcess | undefined {
    return this.alive && !this.stopping ? this : this.#processes.running;
  }

  begin(record: DeliveryRecord): void {
    this.#atWork.add(record);
  }

  holds(lock: { lose?(): void }): void {
    this.#locks.add(lock);
    // A process that died while it waited for the lock holds it no longer than any dead holder.
    if (!this.alive) lock.lose?.();
  }

  crash(by: DeliveryRecord | undefined): void {
    for (const record of this.#atWork) {
      record.outcome = "crashed";
      if (record === by) continue;
      record.faults.push(`process ${this.number} crashed`);
      this.#scene.history.fateOf(record).lostAttempts++;
    }
    this.#atWork.clear();
    this.end();
    this.#processes.replace();
  }

  /** Lets no call of the process return any more. */
  end(): void {
    this.alive = false;
    for (const lock of this.#locks) lock.lose?.();
  }

  freeze(ms: number): void {
    this.frozenUntil = this.#scene.world.now + ms;
    for (const record of this.#atWork) this.#scene.history.fateOf(record).lostAttempts++;
  }

  restart(deadlineMs: number): void {
    this.stopping = true;
    this.#processes.replace();
    this.hive?.stop({ deadline: deadlineMs }).catch(() => {});
  }
}
