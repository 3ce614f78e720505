import { checkedDuration } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { delay } from "../../base/numbers.ts";
import type { Capabilities } from "../../contract/provider.ts";

/**
 * The faults of a simulation.
 *
 * - `crash`: a process dies, with everything that it works on; another starts later.
 * - `freeze`: a process stands still for longer than its leases, then goes on as if nothing had happened.
 * - `restart`: a process is stopped as by a release, and another starts.
 * - `lease-lost`: the provider gives an event to another consumer while an actor works on it.
 * - `late`: an event arrives later, and so out of order.
 * - `duplicate`: an event arrives a second time: at once, later, or after the window of deduplication.
 * - `outage`: a call fails and does nothing. `lost-answer`: a call does its work and fails.
 * - `throttled`: a call is refused, to be repeated later.
 * - `conflict`: a commit collides with another step, and the step runs again.
 * - `half-batch`: some events of a batch are published, and the call fails.
 */
export type Fault = (typeof faultNames)[number];

export const faultNames = [
  "crash",
  "freeze",
  "restart",
  "lease-lost",
  "late",
  "duplicate",
  "outage",
  "lost-answer",
  "throttled",
  "conflict",
  "half-batch",
] as const;

/** A provider as a simulation knows it: what it promises, and which faults it lets through. */
export interface FaultProfile<T = Duration> {
  readonly name: string;
  /** The writes, the outputs and the commit of a step happen together or not at all. */
  readonly atomicStep: boolean;
  /** How long an event that is pushed again is dropped. 0 delivers it again. */
  readonly deduplication: T;
  /** The same for topics and queues that are read in order. @default the value of `deduplication` */
  readonly orderedDeduplication?: T | undefined;
  /** The relative frequency of each fault. A fault that is left out never happens. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

/** The faults that every provider lets through. */
const anywhere = { crash: 4, freeze: 1, restart: 1, "lease-lost": 2, late: 1, outage: 1, "lost-answer": 2 };
const atomic = { atomicStep: true, deduplication: 600_000, faults: { ...anywhere, conflict: 2 } };
const cloud = { ...anywhere, late: 3, duplicate: 4, throttled: 2, "half-batch": 1 };

const profiles: Readonly<Record<ProfileName, FaultProfile<number>>> = {
  memory: { name: "memory", ...atomic },
  sqlite: { name: "sqlite", ...atomic },
  postgres: { name: "postgres", ...atomic },
  azure: { name: "azure", atomicStep: false, deduplication: 600_000, faults: cloud },
  aws: { name: "aws", atomicStep: false, deduplication: 0, orderedDeduplication: 300_000, faults: cloud },
};

/** The providers whose faults are known. */
export type ProfileName = "memory" | "sqlite" | "postgres" | "azure" | "aws";
export const profileNames = Object.keys(profiles) as readonly ProfileName[];

/** Returns a profile by its name, with some frequencies replaced. @throws BeeHiveError `InvalidConfiguration`. */
export function profileOf(as: ProfileName | FaultProfile, rates: FaultProfile["faults"] = {}): FaultProfile<number> {
  const profile = typeof as === "object" ? inMilliseconds(as) : knownProfile(as);
  const faults: FaultProfile["faults"] = { ...profile.faults, ...rates };
  const wrong = Object.entries(faults).filter(
    ([name, rate]) => !faultNames.some((known) => known === name) || !Number.isFinite(rate) || rate < 0,
  );
  if (wrong.length === 0) return { ...profile, faults };
  throw new BeeHiveError(
    "InvalidConfiguration",
    `simulate: faults has ${wrong.map(([name, rate]) => `${name}: ${rate}`).join(", ")}; ` +
      `give numbers from 0 for ${faultNames.join(", ")}.`,
  );
}

/** Returns what a profile can do, as a provider says it. */
export function capabilitiesOf({ name, atomicStep, deduplication }: FaultProfile<number>): Capabilities {
  return {
    atomicStep: atomicStep || `steps on ${name} are not atomic`,
    deduplication: deduplication > 0 || `${name} keeps duplicates`,
    ordering: true,
    log: "a simulation keeps no events",
    transactions: "a simulation has no transactions of an application",
    cancel: true,
    peek: "a simulation has no operator who looks",
    purge: "a simulation has no operator who purges",
  };
}

function knownProfile(name: ProfileName): FaultProfile<number> {
  if (Object.hasOwn(profiles, name)) return profiles[name];
  throw new BeeHiveError(
    "InvalidConfiguration",
    `No profile of faults is called "${name}". There are ${profileNames.join(", ")}.`,
  );
}

function inMilliseconds({ deduplication, orderedDeduplication, ...profile }: FaultProfile): FaultProfile<number> {
  const ms = (name: string, given: Duration): number => checkedDuration("simulate", `as.${name}`, given, delay);
  return {
    ...profile,
    deduplication: ms("deduplication", deduplication),
    ...(orderedDeduplication !== undefined && {
      orderedDeduplication: ms("orderedDeduplication", orderedDeduplication),
    }),
  };
}
