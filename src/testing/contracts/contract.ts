import assert from "node:assert/strict";
import type { ArchiveCapability, Capabilities, LogLimit, Provider } from "../../contract/provider.ts";
import type { Transaction } from "../../contract/transaction.ts";
import type { ForgetfulClock } from "./forgetful-clock.ts";

/**
 * A provider under test. The test opens it before the cases and closes it after them.
 *
 * @example
 * const clock = new ForgetfulClock();
 * let names = 0;
 * const subject = { provider: new MyProvider({ clock }), clock, leaseMs: 1_000, newName: () => `Name${++names}` };
 */
export interface ContractSubject {
  readonly provider: Provider;
  /** The clock of the provider. Cases let holders of locks die through it. */
  readonly clock: ForgetfulClock;
  /**
   * The shortest lease, delay or `ttl` of the provider, in ms. Cases wait for its end.
   *
   * A fifth of it must be long enough for a few calls. In memory 1,000 is enough.
   */
  readonly leaseMs: number;
  /**
   * Returns a new name for a topic, queue or store. It is a letter, then up to 20 letters and digits.
   *
   * Cases leave behind what they create under it: delete it after a run on a real cloud.
   */
  readonly newName: () => string;
  /**
   * Runs `work` in a transaction on a connection of its own, and commits. Rolls back when it rejects, with its error.
   *
   * For the capability `transactions`.
   */
  readonly transaction?: (work: (transaction: Transaction) => Promise<void>) => Promise<void>;
}

/**
 * A behaviour of every provider. `run` rejects with an `AssertionError` if the provider lacks it.
 *
 * Cases share only the subject, and may run in any order and in any test runner. Give each a minute.
 *
 * @example
 * for (const { name, run } of queueOperatorContract) test(name, () => run(subject));
 */
export interface ContractCase {
  readonly name: string;
  /** The promise of a log that the case tests. A log that does not keep it has a reason, which is then checked. */
  readonly limit?: LogLimit;
  readonly run: (subject: ContractSubject) => Promise<void>;
}

/** Returns a case for a capability. Without the capability it checks the reason. */
export function needs(capability: keyof Capabilities, { name, limit, run }: ContractCase): ContractCase {
  return {
    name: `${name} [${capability}]`,
    async run(subject) {
      const can = subject.provider.capabilities[capability];
      const reason = typeof can === "object" ? limit && can.limits[limit] : can;
      if (reason === true || reason === undefined) await run(subject);
      else assertReason(capability, reason);
    },
  };
}

/** Asserts that a capability is true, or that each reason against it is a sentence. */
export function assertCapability(capability: string, can: unknown): void {
  if (can === true) return;
  const { kind, limits = {} } = (typeof can === "object" && can !== null ? can : {}) as Partial<ArchiveCapability>;
  if (kind !== "archive") return assertReason(capability, can);
  for (const [limit, reason] of Object.entries(limits)) assertReason(`${capability}.${limit}`, reason);
}

/** Asserts that the reason for a missing capability is a sentence. */
function assertReason(capability: string, reason: unknown): void {
  assert.equal(typeof reason, "string", `the capability ${capability} is true or a reason`);
  assert.match(String(reason), /\S+ \S+ \S+/, `the reason why there is no ${capability} is a sentence`);
}
