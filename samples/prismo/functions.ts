/**
 * Prismo's actors as Azure Functions, one for each subscription: `npm run build:functions`,
 * deploy/azure/functions.bicep.
 */
import { app } from "@azure/functions";
import { createHive, type Hive } from "beehive-actors";
import { actorFunctions } from "beehive-actors/azure/functions";
import * as actors from "./actors/index.ts";
import { defaultLease } from "./app.ts";
import { prismoContainer } from "./container.ts";

export const hive: Hive = await createHive({
  actors,
  container: prismoContainer(),
  defaults: { lease: defaultLease },
  provider: process.env["BEEHIVE_PROVIDER"] ?? "azure:",
});
// The connection of the triggers, named as in the template.
actorFunctions(app, hive, "ServiceBus");
