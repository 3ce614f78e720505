/** The size of a batch: fits the transactions of the clouds. */
const batchSize = 100;

/**
 * Works on all items, a batch at a time. Returns whether it reached the end before the signal aborted.
 *
 * @throws the first failure, after the rest of its batch.
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

/** Yields the items of an iterable in batches; the last may be smaller. */
export async function* batchesOf<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
