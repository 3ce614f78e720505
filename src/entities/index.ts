/** Entities that publish each change: by calls, from actors and over HTTP. docs/entities.md tells more. */
export { entities, type Entities, type EntityEvents } from "./entities.ts";
export {
  entity,
  type Definitions,
  type Entity,
  type EntityAct,
  type EntityChange,
  type EntityDefinition,
  type EntityInput,
  type EntityOptions,
  type EntityPatch,
} from "./definition.ts";
export type {
  EntityCalls,
  EntityPage,
  EntityService,
  GraphEntry,
  GraphResult,
  ListQuery,
  WriteOptions,
} from "./entity-service.ts";
export type { EntitiesOptions, ProposedChange, Subject } from "./options.ts";
export { InvalidEntity, NotPermitted } from "./errors.ts";
export type { IndexValue } from "./keys.ts";
export type { MergePatch } from "./merge-patch.ts";
export { entityHandler, type EntityHandler, type EntityHandlerOptions } from "./http/handler.ts";
