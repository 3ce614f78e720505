// For browsers: live changes, and events that go in. beehive-actors/client.
export { connect, type ConnectOptions, type LiveClient, type LiveHandlers, type LiveState } from "./connect.ts";
export { ingest, type IngestOptions } from "./ingest.ts";
export type { ClientChange, ClientShape } from "./shape.ts";
