import type { ContractCase } from "../contract.ts";
import { needs } from "../contract.ts";
import { keeping } from "./keeping.ts";
import { reading } from "./reading.ts";
import { restoring } from "./restoring.ts";
import { rewinding } from "./rewinding.ts";
import { starting } from "./starting.ts";

/** The contract of topics that keep their events. Without the capability `log` it checks the reason. */
export const topicLogContract: readonly ContractCase[] = [
  ...reading,
  ...starting,
  ...rewinding,
  ...keeping,
  ...restoring,
].map((one) => needs("log", one));
