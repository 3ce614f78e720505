// Stages: processes that host several actors, by a file or by what was observed: beehive-actors/stages.
export { readStages, type Stage, type StageEntry, type StageFile, type StageSettings } from "./stage-file.ts";
export { planStages, type PlanStagesOptions } from "./plan-stages.ts";
export type { ActorPlace, PlannedStage, StagePlan } from "./plan.ts";
export { createStages, Stages, type StagesOptions } from "./stages.ts";
export { propose, type Proposal, type ProposeOptions, type TimeLimit } from "./propose.ts";
export type { Allotment, Conflict, Work } from "./allot.ts";
export { createPlacedHive, PlacedHive, type PlacementOptions } from "./auto/placed-hive.ts";
