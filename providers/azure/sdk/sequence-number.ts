import type { ServiceBusReceivedMessage } from "@azure/service-bus";

export type SequenceNumber = NonNullable<ServiceBusReceivedMessage["sequenceNumber"]>;

/** A sequence number as the SDK takes it: a `Long`, which it does not export; it asks for its mark and its bytes. */
export function sequenceNumber(value: bigint): SequenceNumber {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return { __isLong__: true, toBytesBE: () => [...bytes] } as unknown as SequenceNumber;
}
