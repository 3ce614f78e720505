import type { ServiceBusReceivedMessage } from "@azure/service-bus";

export type SequenceNumber = NonNullable<ServiceBusReceivedMessage["sequenceNumber"]>;

/** Returns a sequence number as a `Long`, which the SDK does not export. It reads only the mark and the bytes. */
export function sequenceNumber(value: bigint): SequenceNumber {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return { __isLong__: true, toBytesBE: () => [...bytes] } as unknown as SequenceNumber;
}

/** The first number to peek from. Without one, a receiver continues where another stopped. */
export const lowest: SequenceNumber = sequenceNumber(0n);
