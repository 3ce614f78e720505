import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Provider } from "../../contract/provider.ts";
import type { QueueSpec } from "../../contract/queue-operator.ts";
import { durationText } from "../text.ts";
import { problem, skipped, warning, well, type Finding } from "./finding.ts";

/** Differences of clocks that delays and leases do not notice, in ms. Servers tell whole seconds over HTTP. */
const maxClockMs = 2_000;

/** Checks the queues of an application, in the order of its specs. */
export async function queueFindings({ queues, name }: Provider, specs: readonly QueueSpec[]): Promise<Finding[]> {
  if (specs.length === 0) return [];
  const refused = queues.problems(specs).map((text) => problem("queues", text, "change the actor or its settings"));
  if (refused.length > 0) return refused;
  try {
    const missing = await queues.missing(specs);
    if (missing.length > 0)
      return [problem("queues", `${name}: lacks ${missing.join(", ")}`, "run beehive setup with the same modules")];
    const read = specs.filter((spec) => spec.name.kind !== "topic");
    await Promise.all(read.slice(0, 1).map((spec) => queues.counts(spec.name)));
    return [well("queues", `${specs.length} are there`)];
  } catch (error) {
    return [problem("queues", messageOf(error), cureOf(error))];
  }
}

/** Proves the right to write: takes and releases a lock. */
export async function rightFinding({ stores }: Provider): Promise<Finding> {
  try {
    await using lock = await stores.locks.tryLock("beehive-doctor");
    return well("rights", lock ? "the stores were written to" : "another doctor holds the lock just now");
  } catch (error) {
    return problem("rights", messageOf(error), cureOf(error));
  }
}

/** Compares the clock of this machine with the clock of the provider. */
export async function clockFinding(provider: Provider, clock: Clock): Promise<Finding> {
  const sentAt = clock.now();
  try {
    const time = await provider.serverTime?.();
    if (time === undefined) return skipped("clock", `${provider.name}: has no clock of its own`);
    const now = (sentAt + clock.now()) / 2;
    const apart = Math.abs(time - now);
    if (apart <= maxClockMs) return well("clock", "the clock of this machine agrees with the provider's");
    const side = now > time ? "ahead of" : "behind";
    return warning(
      "clock",
      `the clock of this machine is ${durationText(apart)} ${side} the provider's`,
      "synchronize it over NTP: delays are wrong by as much, and clouds refuse requests from 5 minutes",
    );
  } catch (error) {
    return skipped("clock", `the provider did not tell its time: ${messageOf(error)}`);
  }
}

/** The cure of an error of a provider, by its code. */
export function cureOf(error: unknown): string {
  if (isBeeHiveError(error, "AccessDenied")) return "give this identity the rights that beehive policy prints";
  if (isBeeHiveError(error, "Unavailable"))
    return "check the address, the network and the firewall, and that the server runs";
  if (isBeeHiveError(error, "QueueNotFound")) return "run beehive setup with the same modules";
  return "the message says what to change; beehive config shows where each setting came from";
}
