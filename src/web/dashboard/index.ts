// A page to see and to steer hives: beehive-actors/dashboard.
export { dashboard, type Dashboard, type DashboardOptions } from "./dashboard.ts";
export { nodeListener } from "../http/node-listener.ts";
export { serveDashboard, type DashboardServer } from "./serve.ts";
export type { Authorize, Operator } from "./access.ts";
