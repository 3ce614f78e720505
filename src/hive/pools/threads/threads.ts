import { availableParallelism } from "node:os";
import type { ActorDescriptor, ProcessorActor } from "../../../actors/actor.ts";
import { systemClock, type Clock } from "../../../base/clock.ts";
import type { Step } from "../../../contract/provider.ts";
import { Thread } from "./thread.ts";

/** The threads of one actor: started when they are needed, kept for the next event. */
class ThreadPool {
  readonly #start: () => Thread;
  readonly #max: number;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  readonly #waiting: ((thread: Thread) => void)[] = [];

  constructor(max: number, start: () => Thread) {
    this.#max = max;
    this.#start = start;
  }

  take(): Thread | Promise<Thread> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.size < this.#max) return this.#another();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes back a thread, and hands it on. One that has ended is replaced. */
  give(thread: Thread, alive: boolean): void {
    if (!alive) this.#all.delete(thread);
    const next = this.#waiting.shift();
    if (next) next(alive ? thread : this.#another());
    else if (alive) this.#idle.push(thread);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }

  #another(): Thread {
    const thread = this.#start();
    this.#all.add(thread);
    return thread;
  }
}

/** The threads of a hive, for its actors with `isolate`. */
export class Threads {
  readonly #pools = new Map<string, ThreadPool>();

  /**
   * Returns an actor that runs in a thread, with the stores of `step`; `undefined` for one that does not.
   *
   * In virtual time every actor runs in the thread of the hive: a thread has the time of the machine.
   */
  actor(descriptor: ActorDescriptor, step: Pick<Step, "stores">, clock: Clock): ProcessorActor | undefined {
    const { isolate, queueName, name, parallelism } = descriptor;
    if (!isolate || clock !== systemClock) return undefined;
    const key = queueName.toString();
    let pool = this.#pools.get(key);
    if (!pool) {
      // More threads than processors only take turns.
      const max = Math.min(parallelism, availableParallelism());
      const data = { module: isolate.thread, forActor: key };
      pool = new ThreadPool(max, () => new Thread(name, data));
      this.#pools.set(key, pool);
    }
    const threads = pool;
    return {
      async processAsync(event, context) {
        const thread = await threads.take();
        if (context.signal.aborted) threads.give(thread, true);
        context.signal.throwIfAborted();
        return await thread.run(event, context, step, (alive) => threads.give(thread, alive));
      },
    };
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }
}
