import { actor, counterStore, identityOf, isBeeHiveError } from "beehive-actors";
import {
  BookingCancelled,
  BookingConfirmed,
  freeRooms,
  PaymentRefused,
  PaymentReturned,
  PaymentTaken,
  PaymentWanted,
  RoomHeld,
  RoomRefused,
  RoomReleased,
  RoomWanted,
} from "./events.ts";

export const HoldRoom = actor(
  "RoomWanted-Hold",
  RoomWanted,
  { name: "HoldRoom", publishes: [RoomHeld, RoomRefused], uses: { counters: counterStore } },
  async ({ body, event, counters }) => {
    try {
      // Never below zero, and once for each event, however often the step runs.
      await counters.increment(freeRooms, body.night, -1, { min: 0, once: identityOf(event) });
      return [RoomHeld.create(body)];
    } catch (error) {
      if (isBeeHiveError(error, "BelowMinimum")) return [RoomRefused.create(body)];
      throw error;
    }
  },
);

export const ReleaseRoom = actor(
  "RoomReleased-Release",
  RoomReleased,
  { name: "ReleaseRoom", uses: { counters: counterStore } },
  async ({ body, event, counters }) => {
    await counters.increment(freeRooms, body.night, 1, { once: identityOf(event) });
  },
);

/** The bank of a try: a card that is `stolen` is refused, a `slow` one is charged after half an hour. */
export const Bank = actor(
  "PaymentWanted-Bank",
  PaymentWanted,
  { publishes: [PaymentTaken, PaymentRefused] },
  ({ body: { id, card }, context }) => {
    if (card === "stolen") return [PaymentRefused.create({ id, card })];
    const enqueueTime = new Date(context.clock.now() + (card === "slow" ? 30 * 60_000 : 0));
    return [PaymentTaken.create({ id, receipt: `r-${id}` }, { enqueueTime })];
  },
);

export const Refund = actor("PaymentReturned-Refund", PaymentReturned, {}, ({ body: { id, receipt } }) => {
  console.log(`${id}: ${receipt} is paid back`);
});

export const TellConfirmed = actor(
  "BookingConfirmed-Tell",
  BookingConfirmed,
  { name: "TellConfirmed" },
  ({ body: { id } }) => {
    console.log(`${id}: your room is booked`);
  },
);

export const TellCancelled = actor(
  "BookingCancelled-Tell",
  BookingCancelled,
  { name: "TellCancelled" },
  ({ body: { id } }) => {
    console.log(`${id}: we are sorry`);
  },
);
