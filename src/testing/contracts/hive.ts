import type { ContractCase } from "./contract.ts";
import { delivery } from "./hive/delivery.ts";
import { failure } from "./hive/failure.ts";
import { leases } from "./hive/leases.ts";
import { publishing } from "./hive/publishing.ts";
import { state } from "./hive/state.ts";
import { stopping } from "./hive/stopping.ts";

/** What a hive does on any provider, from the push to the last commit. */
export const hiveContract: readonly ContractCase[] = [
  ...delivery,
  ...failure,
  ...leases,
  ...stopping,
  ...publishing,
  ...state,
];
