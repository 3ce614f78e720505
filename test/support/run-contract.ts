/** Runs a contract of `beehive-actors/testing` as a suite. */
import type { ContractCase, ContractSubject } from "../../src/testing/index.ts";
import { suite } from "./suite.ts";

/** Longer than a case waits for a result. */
const CASE_LIMIT_MS = 120_000;

/** @param skip why the cases cannot run here. */
export function runContract(
  name: string,
  contract: readonly ContractCase[],
  subject: ContractSubject,
  skip?: string,
): void {
  const test = suite(name, { timeoutMs: CASE_LIMIT_MS, skip });
  for (const { name: title, run } of contract) test(title, () => run(subject));
  test.run();
}
