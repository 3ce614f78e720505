import * as assert from "uvu/assert";
import { BeeHiveError, type ErrorCode } from "../../src/base/errors.ts";

/** Returns the `BeeHiveError` of this code that `work` throws or rejects with. */
export async function throwsCode(code: ErrorCode, work: () => unknown): Promise<BeeHiveError> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof BeeHiveError)) throw new Error(`${code} was expected, there was ${String(thrown)}`);
  assert.is(thrown.code, code, thrown.message);
  return thrown;
}
