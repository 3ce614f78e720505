import type { ContractCase } from "../contract.ts";
import { batches } from "./batches.ts";
import { codecs } from "./codecs.ts";
import { delivery } from "./delivery.ts";
import { failure } from "./failure.ts";
import { forgotten } from "./forgotten.ts";
import { leases } from "./leases.ts";
import { operating } from "./operating.ts";
import { once } from "./once.ts";
import { pressure } from "./pressure.ts";
import { publishing } from "./publishing.ts";
import { state } from "./state.ts";
import { stopping } from "./stopping.ts";
import { transactions } from "./transactions.ts";
import { withdrawing } from "./withdrawing.ts";

/** The contract of a hive on any provider, from the push to the last commit. */
export const hiveContract: readonly ContractCase[] = [
  ...delivery,
  ...batches,
  ...failure,
  ...forgotten,
  ...leases,
  ...stopping,
  ...once,
  ...publishing,
  ...pressure,
  ...state,
  ...transactions,
  ...operating,
  ...withdrawing,
  ...codecs,
];
