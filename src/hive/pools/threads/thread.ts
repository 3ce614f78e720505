import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ActorContext, ActorOutput } from "../../../actors/actor.ts";
import { systemClock, type Timer } from "../../../base/clock.ts";
import { BeeHiveError } from "../../../base/errors.ts";
import { Latch } from "../../../base/latch.ts";
import type { Step } from "../../../contract/provider.ts";
import { Event } from "../../../events/event.ts";
import { arrived, crossed } from "./crossed-error.ts";
import type { CrossedOutput, FromThread, ThreadData, ToThread } from "./messages.ts";
import { storeAt } from "./thread-stores.ts";

/** How long a thread may go on after its event was aborted, in ms. Code that computes never sees the signal. */
const graceMs = 1_000;

/** Returns the URL of the program beside this file. Only when a thread starts: a bundle may have no URL. */
function programOf(here: string = import.meta.url): string {
  return new URL(`./thread-main${extname(here)}`, here).href;
}

/**
 * Loads the program. tsx compiles nothing in a thread by itself, so that a thread asks it to.
 *
 * The name of tsx is in a text: a bundler must not look for it.
 */
const loader = `
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const { workerData: { program, compiles } } = require("node:worker_threads");
const load = () => import(program);
if (!compiles) load();
else {
  // The module beside it that only \`import\` finds: the one for \`require\` compiles no ES modules.
  const compiler = createRequire(program).resolve("tsx/esm/api").replace(/\\.cjs$/, ".mjs");
  import(pathToFileURL(compiler)).then(({ register }) => register()).then(load);
}
`;

/** Returns whether tsx compiles the modules of this process. */
function compiles(): boolean {
  return process.execArgv.some((argument) => /\btsx\b/.test(argument));
}

/** The event that a thread works on. */
interface Job {
  readonly context: ActorContext;
  readonly step: Pick<Step, "stores">;
  readonly iterations: Map<number, AsyncIterator<unknown>>;
  readonly outputs: (outputs: readonly Event[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A thread that runs one actor, one event at a time. */
export class Thread {
  readonly #worker: Worker;
  readonly #name: string;
  #job: Job | undefined;
  /** Resolves when the thread may take the next event; false once it has ended. */
  #free = new Latch<boolean>();
  readonly #ready = new Latch<void>();
  #isReady = false;
  #iterations = 0;
  #hasEnded = false;

  /** @param name of the actor, for errors. */
  constructor(name: string, data: ThreadData) {
    this.#name = name;
    this.#worker = new Worker(loader, {
      eval: true,
      workerData: { ...data, program: programOf(), compiles: compiles() },
    });
    this.#worker.unref();
    this.#worker.on("message", (message: FromThread) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", (code) => this.#end(new Error(`it ended with the code ${code}`)));
  }

  /** Runs the actor over an event. @param freed Called once the thread may take another; false when it has ended. */
  async run(
    event: Event,
    context: ActorContext,
    step: Pick<Step, "stores">,
    freed: (alive: boolean) => void,
  ): Promise<ActorOutput> {
    const { signal, attempt, replayed } = context;
    this.#free = new Latch();
    void this.#free.promise.then(freed);
    let killing: Timer | undefined;
    let mine: Job | undefined;
    const job = new Promise<readonly Event[]>((resolve, reject) => {
      this.#job = mine = { context, step, iterations: new Map(), outputs: resolve, fail: reject };
    });
    const abort = (): void => {
      // A thread that still loads its actor has nothing to end.
      if (!this.#isReady) return this.#finish(() => mine?.fail(signal.reason));
      mine?.fail(signal.reason);
      this.#send({ kind: "abort", reason: crossed(signal.reason) });
      killing = systemClock.after(graceMs, () => void this.close());
    };
    void this.#free.promise.then(() => killing?.cancel());
    this.#worker.ref();
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    if (this.#hasEnded) this.#end(new Error("it ended before the event"));
    void this.#ready.promise.then(() => {
      if (this.#job === mine)
        this.#send({ kind: "run", event: event.toRecord(), attempt, replayed, atomic: context.atomic });
    });
    try {
      return await job;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToThread): void {
    if (!this.#hasEnded) this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    if (message.kind === "ready") {
      this.#isReady = true;
      return this.#ready.resolve();
    }
    const job = this.#job;
    if (!job) return;
    switch (message.kind) {
      case "call":
        return this.#reply(message.call, () => this.#call(job, message));
      case "next":
        return this.#reply(message.call, () => job.iterations.get(message.iteration)?.next());
      case "end":
        return void job.iterations
          .get(message.iteration)
          ?.return?.()
          ?.then(undefined, () => {});
      case "log":
        return job.context.logger[message.level](message.fields, message.message);
      case "cancel":
        return this.#cancel(job, message.key);
      case "done":
        return this.#finish(() => job.outputs(message.outputs.map(eventOf)));
      case "failed":
        return this.#finish(() => job.fail(arrived(message.error)));
    }
  }

  #reply(call: number, answer: () => unknown): void {
    (async () => this.#send({ kind: "reply", call, value: await answer() }))().catch((error: unknown) =>
      this.#send({ kind: "reply", call, error: crossed(error) }),
    );
  }

  /** Calls a store of the step. Returns the number of the iteration for a method that iterates. */
  #call({ step, iterations }: Job, { path, method, args }: Extract<FromThread, { readonly kind: "call" }>): unknown {
    const store = storeAt(step.stores, path) as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
    const result = store[method]?.(...args);
    if (typeof result !== "object" || result === null || !(Symbol.asyncIterator in result)) return result;
    iterations.set(++this.#iterations, (result as AsyncIterable<unknown>)[Symbol.asyncIterator]());
    return this.#iterations;
  }

  #cancel(job: Job, key: string): void {
    try {
      job.context.cancel(key);
    } catch (error) {
      job.fail(error);
    }
  }

  #finish(settle: () => void): void {
    this.#job = undefined;
    this.#worker.unref();
    settle();
    this.#free.resolve(true);
  }

  #end(cause: Error): void {
    this.#hasEnded = true;
    const job = this.#job;
    this.#job = undefined;
    job?.fail(
      new BeeHiveError(
        "Unavailable",
        `The thread of ${this.#name} failed while it worked on the event: ${cause.message}`,
        {
          cause,
        },
      ),
    );
    this.#free.resolve(false);
  }
}

function eventOf({ record, hasId, cancelKey }: CrossedOutput): Event {
  const event = Event.fromRecord(record);
  // A copy has no id yet: the hive derives it, as for every output.
  return hasId ? event : event.clone(cancelKey === undefined ? {} : { cancelKey });
}
