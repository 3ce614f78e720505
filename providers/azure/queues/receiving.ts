/** How messages are received: a lock is renewed with its lease and not by the SDK, bodies and dates come as they were sent. */
export const receiving = {
  maxAutoLockRenewalDurationInMs: 0,
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
} as const;
