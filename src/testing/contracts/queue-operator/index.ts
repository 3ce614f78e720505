import type { ContractCase } from "../contract.ts";
import { deadLettering } from "./dead-lettering.ts";
import { leasing } from "./leasing.ts";
import { ordering } from "./ordering.ts";
import { polling } from "./polling.ts";
import { publishing } from "./publishing.ts";
import { roundTrips } from "./round-trips.ts";
import { settling } from "./settling.ts";
import { topology } from "./topology.ts";
import { withdrawing } from "./withdrawing.ts";

/** The contract of queue operators. */
export const queueOperatorContract: readonly ContractCase[] = [
  ...topology,
  ...publishing,
  ...roundTrips,
  ...polling,
  ...leasing,
  ...settling,
  ...deadLettering,
  ...ordering,
  ...withdrawing,
];
