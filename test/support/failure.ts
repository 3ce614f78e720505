/** Returns the error of failing work; throws when the work succeeds. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<Error & { readonly code?: string }> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error("Something was thrown that is not an Error.", { cause: error });
  }
  throw new Error("It was expected to fail.");
}
