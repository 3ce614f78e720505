// Events: what actors react to and publish.
export { Event, type EventDelivery, type EventOptions, type EventProperty, type EventRecord } from "./events/event.ts";
export {
  eventType,
  type AnyEventType,
  type BodyOf,
  type EventOf,
  type EventType,
  type InputOf,
} from "./events/event-type.ts";
export type { EventTypeOptions, Keep, KeepOptions } from "./events/event-type-options.ts";
export { bodyOf } from "./events/body-of.ts";
export { NewerVersion } from "./events/event-version.ts";
export type { Received } from "./base/json-value.ts";
export { QueueName, type QueueKind } from "./events/queue-name.ts";
export { identityOf } from "./events/output-id.ts";
export {
  cloudEventsJson,
  fromCloudEvent,
  fromCloudEventText,
  toCloudEvent,
  toCloudEventText,
  type CloudEvent,
} from "./events/cloud-events.ts";

// Actors: the classes and functions of an application, their settings, and events by the clock.
export {
  actorDescription,
  type ActorClass,
  type ActorContext,
  type ActorDescriptor,
  type ActorOptions,
  type ActorOutput,
  type AnyActor,
  type BatchActor,
  type BatchContext,
  type Batched,
  type Middleware,
  type Next,
  type ProcessorActor,
  type Published,
  type TypedBatchContext,
  type TypedContext,
} from "./actors/actor.ts";
export type { BatchOptions, BatchSettings } from "./actors/batch-options.ts";
export { actorsFrom, type ActorClasses, type DescriptorSource } from "./actors/actors-from.ts";
export type { Elastic, Parallelism } from "./actors/elastic.ts";
export type { Child, ChildDeath, ChildRun, SpawnOptions } from "./actors/spawn.ts";
export type { Isolation } from "./actors/isolate.ts";
export type { HoldWhen } from "./actors/hold-when.ts";
export { toDescriptor, type ActorDefaults } from "./actors/descriptor.ts";
export type { ActorOverrides } from "./actors/overrides.ts";
export {
  actor,
  type BatchFunctionOptions,
  type Delivered,
  type DeliveredBatch,
  type FunctionOptions,
  type OutputOf,
} from "./actors/injection/function-actor.ts";
export type { Used, Uses } from "./actors/injection/uses.ts";
export { Container, injects, token, type ActorResolver, type Injectable } from "./actors/injection/container.ts";
export { circuitBreaker, type CircuitBreakerOptions } from "./actors/middleware/circuit-breaker.ts";
export {
  concurrency,
  rateLimit,
  type ConcurrencyOptions,
  type LimitName,
  type RateLimitOptions,
} from "./actors/middleware/limits.ts";
export { throttle } from "./actors/middleware/throttle.ts";
export type { ThrottleOptions } from "./actors/middleware/throttle-options.ts";
export { timeout } from "./actors/middleware/timeout.ts";
export { pulse, type PulseBody, type Pulser, type Schedule } from "./actors/pulses/pulser.ts";

// Process managers: one process from its start to its end.
export { processManager } from "./actors/processes/process-manager.ts";
export type { ProcessOptions, ProcessStep, Turn } from "./actors/processes/process-options.ts";
export type { ProcessState, TakenEvent } from "./actors/processes/process-state.ts";

// Hive: actors at work on a provider.
export { createHive } from "./hive/create-hive.ts";
export type { Hive, HiveOptions } from "./hive/hive.ts";
export type { FollowLogOptions, HiveLog, LoggedEvent, ReadLogOptions } from "./hive/hive-log.ts";
export type { HistoryOf } from "./hive/history.ts";
export type { HiveQueue, RequeuedInSteps, RequeueStepsOptions, WhichLetters } from "./hive/hive-queue.ts";
export type { LetterGroup } from "./hive/letters/groups.ts";
export type { LetterChanges } from "./hive/letters/mend.ts";
export type { PeekedEvent, PeekOptions } from "./hive/withdraw.ts";
export type { OutcomeOptions, ProcessOutcome } from "./hive/outcomes.ts";
export type { RewindOptions } from "./hive/rewind.ts";
export type { StoreToClear } from "./hive/cleared-stores.ts";
export type { KeptTopics } from "./hive/keep.ts";
export type { Restored } from "./hive/restore.ts";
export type { PushOptions } from "./hive/push-within.ts";
export type { RunningSource, Source, SourceContext, SourceState } from "./hive/source.ts";
export { createRelay, type Relay, type RelayOptions } from "./hive/relay.ts";
export type { PushLimit } from "./hive/pools/push-limit.ts";
export type { Topology } from "./hive/orchestrator.ts";
export type { DeliveryReport } from "./delivery/delivery.ts";
export type { Outcome } from "./actors/outcome.ts";
export { openProvider, type RightsRequest } from "./hive/open-provider.ts";
export {
  registerProvider,
  type LeastRights,
  type ProviderModule,
  type ProviderRules,
} from "./contract/provider-module.ts";
export type { Bindings, ForeignChannel, ProviderSurface, SurfaceServer } from "./contract/surface.ts";
export type {
  ArchiveCapability,
  BatchStep,
  Capabilities,
  LogLimit,
  Provider,
  ProviderContext,
  Step,
} from "./contract/provider.ts";
export type {
  AbandonOptions,
  Lease,
  LeaseRequest,
  CancelChoice,
  LineHead,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
  QueueOperator,
  QueueSpec,
} from "./contract/queue-operator.ts";
export type { Codec, CodecEvent } from "./contract/codec.ts";
export type { DeadLetter, DeadLetterRecord } from "./contract/dead-letter.ts";
export type {
  ClearedStore,
  KeepRule,
  KeptEvent,
  LogPosition,
  LogRange,
  LogRequest,
  Replayed,
  ReplayedOutputs,
  StartPosition,
  TopicLog,
} from "./contract/topic-log.ts";
export type { Transaction } from "./contract/transaction.ts";
export { systemClock, type Clock, type Timer } from "./base/clock.ts";
export type { Duration } from "./base/duration.ts";

// State: the stores of actors.
export {
  collectionStore,
  counterStore,
  keyedListStore,
  keyValueStore,
  lockStore,
  storeOf,
  type Token,
} from "./actors/injection/tokens.ts";
export type {
  StoredBlob,
  BlobBody,
  BlobProperties,
  CollectionStore,
  CounterStore,
  Identified,
  IdRange,
  IncrementOptions,
  KeyedListStore,
  KeyValueStore,
  HeldLock,
  LockOptions,
  LockStore,
  Stored,
  Stores,
  WriteBlobOptions,
} from "./contract/stores.ts";

// Failure: errors, retries and supervision.
export {
  BeeHiveError,
  ConcurrencyConflict,
  isBeeHiveError,
  PauseSubscription,
  RejectEvent,
  Overloaded,
  RetryLater,
  type ErrorCode,
} from "./base/errors.ts";
export { defaultRetry, type RetryOptions, type RetryPolicy } from "./actors/retry-policy.ts";
export type { ErrorClass, ErrorMatch, FailureLimit, SupervisionRule } from "./actors/supervision.ts";
export type { PausedBy } from "./actors/pause.ts";

// Operations: health, logs, the journal and traces.
export type { ActorHealth, Health, HealthDetail, HiveState, PauseHealth, ProviderHealth } from "./hive/health.ts";
export type { Lag } from "./hive/lags.ts";
export type { Late } from "./hive/lag-limits.ts";
export { healthServer, type HealthServer, type HealthServerOptions } from "./hive/health-server.ts";
export type { HeldKey } from "./delivery/held-keys.ts";
export { silentLogger, type Logger } from "./base/logger.ts";
export type { Journal, JournaledEvent, JournalEntry, JournalFilter, JournalOptions } from "./journal/journal.ts";
export { journalOf } from "./journal/open-journal.ts";
export { observedEdges, type ObservedEdge } from "./journal/observed-edges.ts";
export {
  branchesOf,
  traceText,
  type Trace,
  type TracedAttempt,
  type TracedBranch,
  type TracedEvent,
  type TracedPause,
  type TraceState,
} from "./journal/trace/trace.ts";

// Operators: pauses, settings, processes at work, and who did what.
export { operate, type OperateOptions } from "./hive/operate.ts";
export type { Operator } from "./hive/operator.ts";
export type { HivePulser } from "./hive/hive-pulser.ts";
export type { HiveSource } from "./hive/hive-source.ts";
export type { Act } from "./controls/acts.ts";
export type {
  ByOperator,
  OperatedState,
  OperatedStates,
  OperatorPause,
  OperatorSettings,
  PauseOptions,
  SettingsChange,
} from "./controls/controls.ts";
export type {
  LateSubscription,
  ReadSubscription,
  RunningHive,
  RunningPulser,
  SampledSource,
  SupervisionPause,
} from "./controls/heartbeats.ts";
export type { ControlsOptions } from "./controls/options.ts";
export type { ActivePause } from "./controls/pauses.ts";
export type { ScheduledPulser } from "./controls/schedules.ts";

// Alerts: incidents that are sent to people.
export type { Alert, AlertContext, AlertRule, AlertSink } from "./controls/alerts/alert.ts";
export { alertEvent, webhook, type WebhookOptions } from "./controls/alerts/sinks.ts";

// The command line: its configuration as a module.
export { defineConfig, type BeeHiveConfig } from "./cli/define-config.ts";
