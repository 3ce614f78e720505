import type { ActorDescriptor, AnyActor } from "../actors/actor.ts";
import { StoreCalls, type StoreWatch } from "../actors/store-calls.ts";
import type { Clock } from "../base/clock.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../base/logger.ts";
import { Turnstile } from "../base/turnstile.ts";
import type { Provider, Step } from "../contract/provider.ts";
import type { SubscriptionLoop } from "../delivery/subscription-loop.ts";
import { LeaseKeeper } from "../delivery/lease-keeper.ts";
import { LogEvents } from "../delivery/log-events.ts";
import { SharedSlots } from "../delivery/shared-slots.ts";
import { parallelismOf } from "../delivery/subscription-loop.ts";
import { ActorContainer } from "../actors/injection/container.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/open-journal.ts";
import { Recording } from "../journal/recording.ts";
import { Children } from "./pools/children.ts";
import { Threads } from "./pools/threads/threads.ts";
import { Pools } from "./pools/pools.ts";
import { Pulsing } from "../actors/pulses/pulsing.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { HealthCheck, type HiveState } from "./health.ts";
import { LagLimits } from "./lag-limits.ts";
import { lagsOf } from "./lags.ts";
import { Operated } from "./operated.ts";
import { Operator } from "./operator.ts";
import type { HiveOptions } from "./options.ts";
import { Orchestrator } from "./orchestrator.ts";
import { PendingEvents } from "./pending-events.ts";
import { Publishing } from "./publishing.ts";
import { Sources } from "./sources.ts";

/** The parts of a hive. */
export interface HiveParts {
  readonly operator: Operator;
  readonly journal: Journal | undefined;
  readonly container: ActorContainer;
  readonly logger: Logger;
  readonly logEvents: LogEvents;
  readonly keeper: LeaseKeeper;
  readonly pulsers: readonly Pulsing[];
  readonly sources: Sources;
  readonly orchestrator: Orchestrator;
  readonly publishing: Publishing;
  readonly healthCheck: HealthCheck;
  /** Slots that follow the load, and back pressure. */
  readonly pools: Pools;
  /** The children that actors start. */
  readonly children: Children;
  /** The threads of actors with `isolate`. */
  readonly threads: Threads;
  /** Follows operators; `undefined` for a hive without controls, or with nothing to pause. */
  readonly operated: Operated | undefined;
  /** Publishes what transactions left behind; `undefined` where none can. */
  readonly pendingEvents: PendingEvents | undefined;
  /** Ends the reports of measures. */
  readonly forget: () => void;
}

/** The calls from the parts to their hive. */
export interface HiveCalls {
  readonly state: () => HiveState;
  readonly stopBecause: (reason: unknown) => void;
}

/** Makes the parts of a hive and connects them. Nothing runs yet. */
export function assembled(
  descriptors: readonly ActorDescriptor[],
  provider: Provider,
  options: HiveOptions & { readonly clock: Clock },
  { state, stopBecause }: HiveCalls,
): HiveParts {
  const { clock, random = Math.random, alerts = [], controls = {} } = options;
  const logger = safeLogger(options.logger ?? standardErrorLogger);
  const operator = new Operator(provider, clock);
  const telemetry = new Telemetry(provider.name, clock);
  const container = new ActorContainer(provider.stores, options.container, options.resolve);
  const journal = openJournal(options.journal, provider, clock, logger);
  const subject = typeof options.journal === "object" ? options.journal.subject : undefined;
  const recording = journal && new Recording(journal, clock, logger, subject);
  const logEvents = new LogEvents(provider.queues, logger);
  const keeper = new LeaseKeeper(provider.queues, clock, logger);
  const pools = new Pools(descriptors, options.limits ?? [], {
    provider,
    clock,
    logger,
    changed: () => operated?.changed(),
  });
  const threads = new Threads();
  const children = new Children({
    clock,
    logger,
    push: (events) => publishing.publish(events),
    state,
  });
  const pulsers = (options.pulsers ?? []).map(
    (pulser) =>
      new Pulsing(pulser, {
        clock,
        logger,
        stores: provider.stores,
        // Pulsers publish also while the hive waits for them to stop.
        push: (events) => publishing.publish(events),
      }),
  );
  const limits = descriptors.some(({ maxLag }) => maxLag !== undefined)
    ? new LagLimits({
        queues: provider.queues,
        clock,
        joined: () => orchestrator.joined,
        began: () => operated?.changed(),
      })
    : undefined;
  const watched = limits ? descriptors.map((descriptor) => limits.watched(descriptor)) : descriptors;
  const publishers = [...(options.pulsers ?? []), ...(options.sources ?? []), options];
  const outside = new StoreCalls({ logger });
  outside.close();
  const orchestrator = new Orchestrator(watched, publishers, options.keep, {
    provider,
    stores: outside.watch(provider.stores),
    // Only actors of single events are isolated.
    resolve: <A extends AnyActor>(descriptor: ActorDescriptor, step: Pick<Step, "stores">, watch: StoreWatch) =>
      (descriptor.isolate && (threads.actor(descriptor, step, clock) as A | undefined)) ??
      container.resolve<A>(descriptor, step, watch),
    keeper,
    turnstile: new Turnstile(),
    clock,
    logger,
    telemetry,
    random,
    logEvents,
    observers: [
      ...(recording ? [recording] : []),
      ...pools.observers,
      ...(options.onDelivery ? [{ delivered: options.onDelivery }] : []),
      ...(controls === false ? [] : [{ paused: () => operated?.changed() }]),
    ],
    stopHive: stopBecause,
    spawn: (...child) => children.spawn(...child),
    slots: options.maxInFlight === undefined ? undefined : new SharedSlots(options.maxInFlight),
  });
  const { loops, specs } = orchestrator;
  const publishing = new Publishing({
    provider,
    clock,
    telemetry,
    logEvents,
    recording,
    state,
    specs,
    limits: pools.limits,
  });
  const sources = new Sources(options.sources ?? [], {
    provider,
    clock,
    logger,
    readers: descriptors.map(({ queueName }) => queueName),
    publish: async (events, send) => void (await publishing.publish(events, {}, send)),
  });
  // A hive that only publishes has nothing to pause.
  const operable = loops.length + pulsers.length + sources.count + alerts.length > 0;
  const push = publishing.publish.bind(publishing);
  const operated =
    controls !== false && operable
      ? new Operated({
          provider,
          clock,
          logger,
          orchestrator,
          limits,
          pulsers,
          sources,
          options: controls,
          alerts,
          operator,
          push,
        })
      : undefined;
  const unread = operated && (() => operator.unread());
  const stage = controls === false ? undefined : controls.stage;
  const joined = (): readonly SubscriptionLoop[] => orchestrator.joined;
  const sample = () => sources.sample();
  const healthCheck = new HealthCheck({ provider, clock, joined, specs, unread, limits, stage, sources: sample });
  const names = descriptors.map(({ queueName }) => queueName);
  const forgetSizes = telemetry.observeSizes(() =>
    loops.map((loop) => [loop.descriptor.queueName, parallelismOf(loop)]),
  );
  const forgetLags = telemetry.observeBehind(async () =>
    state() === "running" ? await lagsOf(provider, names, specs) : new Map(),
  );
  return {
    operator,
    journal,
    container,
    logger,
    logEvents,
    keeper,
    pulsers,
    sources,
    orchestrator,
    publishing,
    healthCheck,
    pools,
    children,
    threads,
    operated,
    pendingEvents: provider.stores.publishPending && new PendingEvents(provider.stores, clock, logger),
    forget: () => {
      forgetLags();
      forgetSizes();
    },
  };
}
