import { collectionStore, eventType, type ProcessState } from "beehive-actors";
import * as v from "valibot";

const booking = v.object({ id: v.string() });
const room = v.object({ id: v.string(), night: v.string() });
const payment = v.object({ id: v.string(), card: v.string() });
const receipt = v.object({ id: v.string(), receipt: v.string() });

/** Published by the web site. */
export const BookingRequested = eventType("BookingRequested", v.object({ ...room.entries, ...payment.entries }), {
  entry: true,
});

export const RoomWanted = eventType("RoomWanted", room);
export const RoomHeld = eventType("RoomHeld", room);
export const RoomRefused = eventType("RoomRefused", room);
export const RoomReleased = eventType("RoomReleased", room);

export const PaymentWanted = eventType("PaymentWanted", payment);
export const PaymentTaken = eventType("PaymentTaken", receipt);
export const PaymentRefused = eventType("PaymentRefused", payment);
export const PaymentReturned = eventType("PaymentReturned", receipt);

export const BookingConfirmed = eventType("BookingConfirmed", booking);
export const BookingCancelled = eventType("BookingCancelled", booking);

/** A booking, as the hotel knows it. */
export interface BookingState extends ProcessState {
  card?: string;
}
export const Bookings = collectionStore<BookingState>("Bookings");

/** The counter of free rooms, by night. */
export const freeRooms = "FreeRooms";
