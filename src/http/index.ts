// The edge of a hive over HTTP: beehive-actors/http.
export { live, type Live } from "../live/live.ts";
export type { LiveLimits, LiveOptions } from "../live/options.ts";
export { query, type Change, type ChangeOf, type LiveQuery, type LiveShape, type ShapeOf } from "../live/change.ts";
