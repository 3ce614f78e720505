import { isBeeHiveError, type ErrorCode } from "beehive-actors";

/**
 * What `work` answers, or `undefined` when it was refused with that code. An event may be handled twice, so that
 * `AlreadyExists` and `NotFound` often only mean: that was done before.
 */
export async function unless<T>(code: ErrorCode, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBeeHiveError(error, code)) return undefined;
    throw error;
  }
}
