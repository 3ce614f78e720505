/** Books rooms in virtual time: `npx tsx samples/booking/main.ts`. One room is free, and three guests want it. */
import { TestHive } from "beehive-actors/testing";
import { BookingRequested, Bookings, freeRooms } from "./events.ts";
import * as hotel from "./hive.ts";

const { hive: _, ...actors } = hotel;
await using hive = await TestHive.start({ actors });
const { stores } = hive;
await stores.counters.increment(freeRooms, "2030-05-01", 1);

for (const [id, card] of [
  ["stolen-card", "stolen"],
  ["slow-card", "slow"],
  ["good-card", "good"],
] as const) {
  await hive.push(BookingRequested.create({ id, night: "2030-05-01", card }));
  await hive.settle();
}

for await (const { id, status } of hive.store(Bookings).all()) console.log(`${id}: ${status}`);
console.log(`free rooms: ${await stores.counters.get(freeRooms, "2030-05-01")}`);
