import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `postgres:`. */
export const providerModule: ProviderModule = {
  scheme: "postgres",
  packages: "pg",
  journal: "stored",
  sharedBetweenProcesses: true,
  messagingSystem: "postgresql",
  backupAdvice: "Use pg_dump --schema=NAME, which hives may run beside, or the snapshots of the service.",
  open: async (url, context) => (await import("./index.ts")).openUrl(url, context),
  missing: async (url) => (await import("./index.ts")).missingSchema(url),
  surface: async (url) => (await import("./surface.ts")).postgresSurface(url),
  leastRights: async (url, application) => (await import("./hosting/policy.ts")).leastRights(url, application),
};
