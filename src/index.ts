export {
  actorDescription,
  type ActorClass,
  type ActorContext,
  type ActorDescriptor,
  type ActorOptions,
  type ActorOutput,
  type Middleware,
  type Next,
  type ProcessorActor,
  type Published,
} from "./actor.ts";
export { ActorDescriptors, type ActorConfiguration, type ActorSource } from "./actor-configuration.ts";
export { actorDefaults, describeActor, type ActorDefaults } from "./actor-descriptor.ts";
export { type ActorOverride, type ActorOverrides } from "./actor-overrides.ts";
export { createHive, type Hive, type HiveOptions } from "./beehive.ts";
export { systemClock, type Clock, type Timer } from "./clock.ts";
export { Container, injects, token, type Injectable } from "./container.ts";
export { type DeadLetter, type DeadLetterRecord } from "./dead-letter.ts";
export { type DeliveryReport } from "./delivery.ts";
export {
  cloudEventsJson,
  fromCloudEvent,
  fromCloudEventText,
  toCloudEvent,
  toCloudEventText,
  type CloudEvent,
} from "./cloud-events.ts";
export {
  BeeHiveError,
  ConcurrencyConflict,
  isBeeHiveError,
  PauseSubscription,
  RejectEvent,
  RetryLater,
  type ErrorCode,
} from "./errors.ts";
export { eventType, type EventType, type EventTypeOptions } from "./event-type.ts";
export { NewerVersion } from "./event-version.ts";
export { type ObservedEdge } from "./graph/observed-edge.ts";
export { healthServer, type HealthServer, type HealthServerOptions } from "./health-server.ts";
export { type HeldKey } from "./held-keys.ts";
export {
  type ActorHealth,
  type Health,
  type HealthDetail,
  type HiveState,
  type PauseHealth,
  type ProviderHealth,
} from "./health.ts";
export {
  type Journal,
  type JournaledEvent,
  type JournalEntry,
  type JournalFilter,
  type JournalOptions,
} from "./journal/journal.ts";
export { observedEdges } from "./journal/observed-edges.ts";
export { journalOf } from "./journal/open-journal.ts";
export { Event, type Delivery, type EventOptions, type EventProperty, type EventRecord } from "./event.ts";
export { identityOf } from "./identity.ts";
export { silentLogger, type Logger } from "./logger.ts";
export { circuitBreaker, type CircuitBreakerOptions } from "./middleware/circuit-breaker.ts";
export { throttle, type ThrottleOptions } from "./middleware/throttle.ts";
export { timeout } from "./middleware/timeout.ts";
export { openProvider } from "./open-provider.ts";
export { type Topology } from "./orchestrator.ts";
export { type Capabilities, type Provider, type ProviderContext, type Step } from "./provider.ts";
export { type PausedBy } from "./pause.ts";
export { pulse, type PulseBody, type Pulser, type Schedule } from "./pulser.ts";
export { QueueName, type QueueKind } from "./queue-name.ts";
export {
  type AbandonOptions,
  type Lease,
  type LeaseRequest,
  type QueueCounts,
  type QueueOperator,
  type QueueSpec,
} from "./queue-operator.ts";
export { type Received } from "./received.ts";
export { defaultRetry, type RetryOptions } from "./retry-policy.ts";
export type {
  Blob,
  BlobBody,
  BlobProperties,
  CollectionStore,
  CounterStore,
  Identified,
  IdRange,
  IncrementOptions,
  KeyedListStore,
  KeyValueStore,
  Lock,
  LockOptions,
  LockStore,
  Stored,
  Stores,
  WriteBlobOptions,
} from "./stores.ts";
export { collectionStore, counterStore, keyedListStore, keyValueStore, lockStore, type Token } from "./tokens.ts";
export { type ErrorClass, type ErrorMatch, type FailureLimit, type SupervisionRule } from "./supervision.ts";
export { type Outcome } from "./outcome.ts";
export { traceText } from "./trace/trace-text.ts";
export {
  branchesOf,
  type Trace,
  type TracedAttempt,
  type TracedBranch,
  type TracedEvent,
  type TraceState,
} from "./trace/trace.ts";
