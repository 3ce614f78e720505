/** Lets operators see the dashboard. An application asks its own login instead. */
import type { Authorize } from "beehive-actors/dashboard";

export const authorize: Authorize = ({ headers }) =>
  headers.get("authorization") === `Bearer ${process.env["OPS_TOKEN"] ?? "secret"}`
    ? { name: "operator", bodies: true }
    : undefined;
