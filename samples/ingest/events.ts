/** The events, and the state of their readers. */
import { collectionStore, eventType } from "beehive-actors";
import * as v from "valibot";

export const Reading = v.object({
  device: v.pipe(v.string(), v.regex(/^[a-z]+-\d+$/)),
  celsius: v.pipe(v.number(), v.minValue(-90), v.maxValue(150)),
  at: v.pipe(v.string(), v.isoTimestamp()),
});
export type Reading = v.InferOutput<typeof Reading>;

export const ReadingTaken = eventType("ReadingTaken", Reading, { entry: true });
export const OverheatSeen = eventType("OverheatSeen", v.object({ device: v.string(), celsius: v.number() }), {
  entry: true,
});
export const Payment = v.object({ order: v.string(), cents: v.number() });
export const PaymentReceived = eventType("PaymentReceived", Payment, { entry: true });

/** The newest reading of each device. */
export const Newest = collectionStore<Reading & { id: string }>("NewestReadings");
/** The limits of devices that have one of their own. */
export const Limits = collectionStore<{ id: string; celsius: number }>("DeviceLimits");
/** Paid orders. */
export const Paid = collectionStore<{ id: string; cents: number }>("PaidOrders");
