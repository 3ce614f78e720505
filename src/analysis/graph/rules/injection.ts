import type { InjectionFinding } from "../../../actors/injection/check.ts";
import type { Finding } from "../finding.ts";

/** Finds dependencies that stop a hive from starting, and classes that are created for each event. */
export function injectionFindings(found: readonly InjectionFinding[]): Finding[] {
  return found.map(({ actor, severity, message }) => ({
    rule: severity === "error" ? "cannot-be-made" : "made-for-each-event",
    severity,
    where: actor,
    message: `${message}.`,
  }));
}
