/**
 * The parts that a provider is built from. docs/providers.md builds a small one with them, step by step.
 *
 * The interfaces that a provider implements (`Provider`, `QueueOperator`, `Stores`) are in `beehive-actors`, and the
 * suites that it must pass in `beehive-actors/testing`.
 */

// Opening: the URL of a provider and its options.
export { registerProvider, type ProviderModule } from "../contract/provider-module.ts";
export type { Bindings, ProviderSurface, SurfaceServer } from "../contract/surface.ts";
export { parsePlacelessUrl, parseProviderUrl, shownUrl, type ProviderUrl } from "../contract/provider-url.ts";
export {
  address,
  checkedOptions,
  flag,
  matching,
  oneOf,
  optional,
  optionProblems,
  optionsIn,
  whole,
  type OptionRule,
  type OptionRules,
} from "./options.ts";

// Queues: events, dead letters, waiting and refusals.
export { receivedEvent } from "../events/unreadable.ts";
export { deadLetterOf, letterId, letterKey, type DeadLetterOrigin } from "../contract/dead-letter.ts";
export { type KeyHolder } from "../contract/queue-operator.ts";
export { leaseLost, noDeadLetter, noDestination, noQueue } from "./errors.ts";
export { assertBodySize, assertBodySizes } from "./event-size.ts";
export { IdSet } from "./id-set.ts";
export { Callers, type Caller } from "./callers.ts";
export { Waiters, type Waiter } from "./waiters.ts";
export { sleep } from "../base/clock.ts";

// The log of a provider whose broker keeps no events: an archive in the key-value store.
export {
  ArchivedLog,
  archiveLimits,
  isArchive,
  originIn,
  originText,
  replayedBy,
  withArchives,
  type ArchiveParts,
  type CopyOrigin,
  type EventCopy,
} from "./archive/index.ts";

// Steps: how an actor's writes, outputs and the commit of its event come together.
export { directStep } from "../contract/provider.ts";
export { AtomicBatch, AtomicStep, type AtomicSteps } from "./atomic-step.ts";
export { stepTransactions } from "./transactions.ts";
export { Outbox, type OutboxParts, type OutboxRows, type RowCheck } from "./outbox.ts";
export { stepConflict, StepRows, type StepChanges } from "./step-rows.ts";
export { StepsUnderWay, type PendingCommit, type PendingWrite, type Place } from "./steps-under-way.ts";

// Stores: a table of rows carries all of them.
export {
  compareIds,
  compareKeys,
  deletionsOf,
  headOf,
  holds,
  pages,
  rowName,
  sizeOf,
  type AtomicRows,
  type Row,
  type RowChange,
  type RowConflict,
  type RowContent,
  type RowExpectation,
  type RowHead,
  type RowKey,
  type RowRange,
  type Rows,
} from "./rows.ts";
export { RowStores, SingleRowStores, tablesOf, type TableRange } from "./row-stores/index.ts";
export { RowCounterStore, type CounterRows } from "./row-stores/counter-store.ts";
export { RowLockStore } from "./row-stores/lock-store.ts";
export { nextEtag } from "./row-stores/etag.ts";

// Stores without rows: keys, blobs and locks, checked as every provider checks them.
export { checkedBound, checkedEtag, checkedKey, checkedName, maxKey } from "../contract/keys.ts";
export { blobBytes } from "./blob-body.ts";
export { checkedMetadata } from "./blob-metadata.ts";
export { checkedTtl, checkedWait, RenewedLock, type Hold, type RenewedLockParts } from "./renewed-lock.ts";
