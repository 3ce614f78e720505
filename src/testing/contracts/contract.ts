import assert from "node:assert/strict";
import type { Capabilities, Provider } from "../../contract/provider.ts";
import type { ForgetfulClock } from "./forgetful-clock.ts";

/** A provider under test. Its maker opens it before the cases run and closes it after them. */
export interface ContractSubject {
  readonly provider: Provider;
  /** The clock that the provider was opened with; locks lose their holder through it. */
  readonly clock: ForgetfulClock;
  /**
   * A lease, delay or time to live that a case may wait for, in ms: the shortest that the provider gives, but long
   * enough for a few calls to be made in a fifth of it. About a second in memory.
   */
  readonly leaseMs: number;
  /**
   * A name that nobody used before, for a topic, a queue or a store: a letter, then up to 20 letters and digits.
   * What a case makes under it is left behind: whoever runs the suites on a real cloud deletes it afterwards.
   */
  readonly newName: () => string;
}

/**
 * One thing that every provider must do. Throws an `AssertionError` when it does not. Cases share nothing but the
 * subject and may run in any order, in any test runner:
 *
 * ```ts
 * for (const { name, run } of queueOperatorContract) test(name, () => run(subject));
 * ```
 *
 * No case depends on tight times: give each a minute.
 */
export interface ContractCase {
  readonly name: string;
  readonly run: (subject: ContractSubject) => Promise<void>;
}

/** A case for what a provider can do; of one that cannot it demands the reason. */
export function needs(capability: keyof Capabilities, { name, run }: ContractCase): ContractCase {
  return {
    name: `${name} [${capability}]`,
    async run(subject) {
      const can = subject.provider.capabilities[capability];
      if (can === true) await run(subject);
      else assertReason(capability, can);
    },
  };
}

/** A reason is a sentence for whoever chooses a provider. */
export function assertReason(capability: string, reason: unknown): void {
  assert.equal(typeof reason, "string", `the capability ${capability} is true or a reason`);
  assert.match(String(reason), /\S+ \S+ \S+/, `the reason why there is no ${capability} is a sentence`);
}
