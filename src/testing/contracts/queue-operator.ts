import type { ContractCase } from "./contract.ts";
import { deadLettering } from "./queue-operator/dead-lettering.ts";
import { leasing } from "./queue-operator/leasing.ts";
import { ordering } from "./queue-operator/ordering.ts";
import { polling } from "./queue-operator/polling.ts";
import { publishing } from "./queue-operator/publishing.ts";
import { roundTrips } from "./queue-operator/round-trips.ts";
import { settling } from "./queue-operator/settling.ts";
import { topology } from "./queue-operator/topology.ts";

/** What every queue operator does. */
export const queueOperatorContract: readonly ContractCase[] = [
  ...topology,
  ...publishing,
  ...roundTrips,
  ...polling,
  ...leasing,
  ...settling,
  ...deadLettering,
  ...ordering,
];
