/** How many are worked on together: what a transaction or a batch of a cloud takes well. */
const batchSize = 100;

/**
 * Works on all items, some at a time and those together. Returns whether it came to the end before the signal aborted.
 *
 * @throws the first failure, once the others of its batch are done.
 */
export async function inBatches<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let at = 0; at < items.length; at += batchSize) {
    if (signal?.aborted) return false;
    const batch = items.slice(at, at + batchSize).map(work);
    await Promise.allSettled(batch);
    await Promise.all(batch);
  }
  return true;
}
