export { given, type Given, type Items, type WhenOptions } from "./given.ts";
export { type BatchReaction } from "./batch-reaction.ts";
export { ManualClock } from "./manual-clock.ts";
export { type Reaction } from "./reaction.ts";
export { TestHive, type SettleOptions, type TestHiveOptions } from "./test-hive.ts";
export { type CausalDelivery, type CausalEvent } from "./causal-tree.ts";
export { type CausalTree } from "./causal-tree.ts";
export { collectionStoreContract } from "./contracts/collection-store.ts";
export { type ContractCase, type ContractSubject } from "./contracts/contract.ts";
export { counterStoreContract } from "./contracts/counter-store.ts";
export { entitiesContract } from "./contracts/entities.ts";
export { ForgetfulClock } from "./contracts/forgetful-clock.ts";
export { hiveContract } from "./contracts/hive/index.ts";
export { topicLogContract } from "./contracts/topic-log/index.ts";
export { keyedListStoreContract } from "./contracts/keyed-list-store.ts";
export { keyValueStoreContract } from "./contracts/key-value-store.ts";
export { lockStoreContract } from "./contracts/lock-store.ts";
export { queueOperatorContract } from "./contracts/queue-operator/index.ts";
export { stepContract } from "./contracts/step.ts";
export { transactionContract } from "./contracts/transactions.ts";
export { external, type ExternalOptions } from "../analysis/simulation/external-calls.ts";
export { replay, type ReplayOptions } from "../analysis/replay/replay.ts";
export type {
  Change,
  Comparison,
  Difference,
  Failure,
  OutputDifference,
  ReplayReport,
  WriteDifference,
} from "../analysis/replay/report.ts";
export { simulate, type SimulateOptions } from "../analysis/simulation/simulate.ts";
export { SimulationFailed, type Coverage, type SimulationReport } from "../analysis/simulation/report.ts";
export { type Check } from "../analysis/simulation/checks.ts";
export { type Fault, type FaultProfile, type ProfileName } from "../analysis/simulation/faults.ts";
export { type RunOutcome } from "../analysis/simulation/run.ts";
export { type Violation } from "../analysis/simulation/history.ts";
export { estimate, type Estimate, type EstimateOptions } from "../analysis/estimate/estimate.ts";
export { type ActorWork, type StoreCalls } from "../analysis/estimate/work.ts";
