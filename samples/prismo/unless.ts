import { isBeeHiveError, type ErrorCode } from "beehive-actors";

/**
 * Returns the result of `work`, or undefined when it fails with this code.
 *
 * An event may be handled twice, so `AlreadyExists` and `NotFound` often mean that the work was done before.
 */
export async function unless<T>(code: ErrorCode, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBeeHiveError(error, code)) return undefined;
    throw error;
  }
}
