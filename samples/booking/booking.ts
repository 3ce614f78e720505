import { processManager } from "beehive-actors";
import {
  BookingCancelled,
  BookingConfirmed,
  BookingRequested,
  Bookings,
  PaymentRefused,
  PaymentReturned,
  PaymentTaken,
  PaymentWanted,
  RoomHeld,
  RoomRefused,
  RoomReleased,
  RoomWanted,
} from "./events.ts";

/** A room, then the money. Without both within fifteen minutes, neither. */
export const Booking = processManager("Booking", Bookings, {
  publishes: [RoomWanted, RoomReleased, PaymentWanted, PaymentReturned, BookingConfirmed, BookingCancelled],
  starts: {
    event: BookingRequested,
    run: ({ id, state, body: { night, card } }) => {
      Object.assign(state, { card });
      return [RoomWanted.create({ id, night })];
    },
  },
  on: [
    {
      event: RoomHeld,
      run: ({ id, state: { card = "" } }) => [PaymentWanted.create({ id, card })],
      undo: ({ body }) => [RoomReleased.create(body)],
    },
    {
      event: PaymentTaken,
      run: ({ id, complete }) => complete(BookingConfirmed.create({ id })),
      undo: ({ body }) => [PaymentReturned.create(body)],
    },
    { event: RoomRefused, run: ({ id, cancel }) => cancel(BookingCancelled.create({ id })) },
    { event: PaymentRefused, run: ({ id, cancel }) => cancel(BookingCancelled.create({ id })) },
  ],
  after: { "15m": ({ id, cancel }) => cancel(BookingCancelled.create({ id })) },
});
