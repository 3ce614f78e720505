import type { FetchedRecords, PartitionResponse } from "./library.ts";
import type { FetchedPartition, KafkaRecord } from "../client.ts";

const transactional = 1 << 4;
const control = 1 << 5;
const logAppendTime = 1 << 3;
const abortMarker = 0;

/**
 * Returns the records of a partition from an offset on, without those of aborted transactions.
 *
 * Does what the broker leaves to clients, and version 2.12 of the client does not do for every case: a producer may have
 * several aborted transactions in one response, and the marker that ends one may come in a later response.
 */
export function committedRecords(from: number, response: PartitionResponse): FetchedPartition {
  const { partitionIndex: partition, records: batches = [], highWatermark, abortedTransactions } = response;
  const aborted = [...abortedTransactions].toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  const records: KafkaRecord[] = [];
  let next = from;
  for (const batch of batches) {
    const last = Number(batch.firstOffset) + batch.lastOffsetDelta;
    while (aborted[0] && Number(aborted[0].firstOffset) <= last) aborting.add((aborted.shift() as Aborted).producerId);
    next = Math.max(next, last + 1);
    if (batch.attributes & control) {
      if (batch.records[0]?.key?.readInt16BE(2) === abortMarker) aborting.delete(batch.producerId);
      continue;
    }
    if (batch.attributes & transactional && aborting.has(batch.producerId)) continue;
    // A batch begins before the offset that was asked for when that lies within it.
    for (const record of recordsOf(batch)) if (record.offset >= from) records.push(record);
  }
  return { partition, records, next, end: Number(highWatermark) };
}

type Aborted = PartitionResponse["abortedTransactions"][number];

function* recordsOf({
  firstOffset,
  firstTimestamp,
  maxTimestamp,
  attributes,
  records,
}: FetchedRecords): Generator<KafkaRecord> {
  for (const { offsetDelta, timestampDelta, key, value, headers } of records)
    yield {
      offset: Number(firstOffset) + offsetDelta,
      timestamp: Number(attributes & logAppendTime ? maxTimestamp : firstTimestamp + timestampDelta),
      key: key ?? undefined,
      value: value ?? undefined,
      headers: headers.map(([name, bytes]) => [name?.toString() ?? "", bytes ?? undefined] as const),
    };
}
