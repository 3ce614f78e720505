/** The program of a thread: it runs one actor, one event at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { ActorContext, ActorDescriptor, ProcessorActor } from "../../../actors/actor.ts";
import { StoreCalls } from "../../../actors/store-calls.ts";
import { actorsFrom } from "../../../actors/actors-from.ts";
import { runThrough } from "../../../actors/middleware/run-through.ts";
import { collect } from "../../../actors/output.ts";
import { systemClock, type Clock } from "../../../base/clock.ts";
import { errorData } from "../../../base/error-data.ts";
import { BeeHiveError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Replayed } from "../../../contract/topic-log.ts";
import { Event } from "../../../events/event.ts";
import { ActorContainer } from "../../../actors/injection/container.ts";
import { arrived, crossed } from "./crossed-error.ts";
import type { FromThread, LogLevel, StorePath, ThreadData, ToThread } from "./messages.ts";
import { threadStores, type StoreLink } from "./thread-stores.ts";

const port = parentPort as NonNullable<typeof parentPort>;
const { module, forActor } = workerData as ThreadData;

/** The run under way. */
let abort = new AbortController();
const replies = new Map<
  number,
  { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
>();
let calls = 0;

const post = (message: FromThread): void => port.postMessage(message);

function ask(message: (call: number) => FromThread): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = ++calls;
    replies.set(call, { resolve, reject });
    try {
      post(message(call));
    } catch (cause) {
      replies.delete(call);
      reject(
        new BeeHiveError("InvalidItem", "A value for a store cannot leave the thread: it is no plain data.", { cause }),
      );
    }
  });
}

const link: StoreLink = {
  call: (path, method, args) => ask((call) => ({ kind: "call", call, path, method, args })),
  async *iterate(path: StorePath, method, args) {
    const iteration = (await ask((call) => ({ kind: "call", call, path, method, args }))) as number;
    try {
      for (;;) {
        const next = (await ask((call) => ({ kind: "next", call, iteration }))) as IteratorResult<unknown>;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      post({ kind: "end", iteration });
    }
  },
};

const stores = threadStores(link);
const container = new ActorContainer(stores, undefined);

/** Writes through the logger of the hive. Fields that are no plain data are left out. */
const logger = Object.fromEntries(
  (["debug", "info", "warn", "error"] as const).map((level: LogLevel) => [
    level,
    (fields: object, message: string): void => {
      const plain = Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? errorData(value) : value,
      ]);
      post({ kind: "log", level, fields: JSON.parse(JSON.stringify(Object.fromEntries(plain))) as object, message });
    },
  ]),
) as unknown as Logger;

function outside(what: string): never {
  throw new BeeHiveError("InvalidState", `An actor with isolate has no ${what}: it lives in the thread of the hive.`);
}

async function descriptorOf(): Promise<ActorDescriptor> {
  const exported = actorsFrom((await import(module)) as Readonly<Record<string, unknown>>);
  const descriptor = exported.find((one) => one.queueName.toString() === forActor);
  if (descriptor) return descriptor;
  throw new BeeHiveError(
    "Unresolvable",
    `${module} exports no actor on ${forActor}: give isolate the import.meta.url of the module that exports it.`,
  );
}

type Run = Extract<ToThread, { readonly kind: "run" }>;

/** A class, since V8 keeps what the getters of an object literal can reach until a full collection. */
class ThreadContext implements ActorContext {
  readonly clock: Clock = systemClock;
  readonly logger: Logger = logger;
  readonly descriptor: ActorDescriptor;
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly atomic: boolean;
  readonly replayed: Replayed | undefined;

  constructor(descriptor: ActorDescriptor, signal: AbortSignal, { attempt, atomic, replayed }: Run) {
    this.descriptor = descriptor;
    this.signal = signal;
    this.attempt = attempt;
    this.atomic = atomic;
    this.replayed = replayed;
  }

  get stores(): never {
    return outside("context.stores");
  }

  cancel(key: string): void {
    post({ kind: "cancel", key });
  }

  spawn(): never {
    return outside("children");
  }
}

async function run(given: Run): Promise<void> {
  const { signal } = (abort = new AbortController());
  let calls: StoreCalls | undefined;
  try {
    const descriptor = await found;
    const event = Event.fromRecord(given.event);
    const context = new ThreadContext(descriptor, signal, given);
    const step = { stores, cancel: () => {}, commit: async () => {}, discard: () => {} };
    calls = new StoreCalls(context);
    const actor: ProcessorActor = await container.resolve(descriptor, step, calls);
    const outputs = await collect(await runThrough([], actor, event, context), { signal, descriptor });
    calls.end();
    const crossing = outputs.map((one) => {
      const { hasId, cancelKey } = one;
      return { record: one.toRecord(), hasId, cancelKey };
    });
    post({ kind: "done", outputs: crossing });
  } catch (error) {
    post({ kind: "failed", error: crossed(error) });
  } finally {
    calls?.close();
  }
}

// A failure is that of each event.
const found = descriptorOf();
const ready = (): void => post({ kind: "ready" });
found.then(ready, ready);
port.on("message", (message: ToThread) => {
  switch (message.kind) {
    case "run":
      return void run(message);
    case "abort":
      return abort.abort(arrived(message.reason));
    case "reply": {
      const waiting = replies.get(message.call);
      replies.delete(message.call);
      if (message.error) waiting?.reject(arrived(message.error));
      else waiting?.resolve(message.value);
    }
  }
});
