// Events over HTTP, and one server for all of a hive: beehive-actors/http.
export { ingestion, type Ingestion } from "./ingestion.ts";
export type { AuthorizeClient, Client, IngestionOptions, RequestRate } from "./options.ts";
export { bearer } from "./bearer.ts";
export type {
  Ack,
  HandlerAnswer,
  IngestAnswer,
  Ingested,
  IngestHandler,
  IngestItem,
  IngestProblem,
  IngestRequest,
  Processed,
  Validity,
} from "./handler.ts";
export { accepting } from "./type-handler.ts";
export type { IngestSource } from "./registry.ts";
export type { HandlerCondition, HandlerState } from "./supervised.ts";
export { IngestionRejected, type RejectedRequest } from "./rejected.ts";
export {
  githubWebhooks,
  standardWebhooks,
  stripeWebhooks,
  type Signature,
  type SignatureOptions,
  type Signed,
} from "./signatures.ts";
export { nodeListener } from "./node-listener.ts";
export { serve, type Served, type ServeOptions } from "./serve.ts";
export type { WebHandler } from "./web-handler.ts";

// Live changes for browsers.
export { changesOf, type EntityChanges } from "./live/entity-changes.ts";
export { live, type Live } from "./live/live.ts";
export type { LiveLimits, LiveOptions } from "./live/options.ts";
export { query, type Change, type ChangeOf, type LiveQuery, type LiveShape, type ShapeOf } from "./live/change.ts";
