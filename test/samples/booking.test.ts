import { spawnSync } from "node:child_process";
import { identityOf } from "beehive-actors";
import { given, simulate, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import * as actors from "../../samples/booking/actors.ts";
import { Booking } from "../../samples/booking/booking.ts";
import * as events from "../../samples/booking/events.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the hotel of samples/booking", { timeoutMs: 60_000 });
const { Bookings, BookingRequested, freeRooms, RoomHeld, RoomRefused, RoomWanted } = events;
const night = "2030-05-01";

// The actors tell their guests on the console.
console.log = () => {};

test("main.ts books the room for the guest who can pay in time", () => {
  const args = ["--import", "tsx", "-C", "beehive-source", "samples/booking/main.ts"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.is(
    stdout,
    [
      "stolen-card: we are sorry",
      "slow-card: we are sorry",
      "slow-card: r-slow-card is paid back",
      "good-card: your room is booked",
      "good-card: completed",
      "slow-card: cancelled",
      "stolen-card: cancelled",
      "free rooms: 0\n",
    ].join("\n"),
    stderr,
  );
});

test("the last room is held once, also when its event comes again", async () => {
  const event = RoomWanted.create({ id: "1", night });
  const once = identityOf(event);
  await given((stores) => stores.counters.increment(freeRooms, night, 1))
    .when(event, actors.HoldRoom)
    .then([RoomHeld.create({ id: "1", night })]);
  await given(async ({ counters }) => {
    await counters.increment(freeRooms, night, 1);
    await counters.increment(freeRooms, night, -1, { min: 0, once });
  })
    .when(event, actors.HoldRoom)
    .then([RoomHeld.create({ id: "1", night })]);
  await given()
    .when(event, actors.HoldRoom)
    .then([RoomRefused.create({ id: "1", night })]);
});

test("no room is sold twice, and none is lost", async () => {
  await using hive = await TestHive.start({ actors: [Booking, ...Object.values(actors)] });
  await hive.stores.counters.increment(freeRooms, night, 3);
  const cards = ["good", "stolen", "slow", "good", "good", "good", "stolen", "good"];
  await hive.push(cards.map((card, n) => BookingRequested.create({ id: String(n), night, card })));
  await hive.settle();
  const ended: string[] = [];
  for await (const { status } of hive.hive.store(Bookings).all()) ended.push(status);
  const sold = ended.filter((status) => status === "completed").length;
  assert.is(ended.length, cards.length);
  assert.not(ended.includes("open"));
  assert.is(sold + (await hive.stores.counters.get(freeRooms, night)), 3);
});

test("crashes, lost leases and repeated events change no outcome on a cloud", async () => {
  const { failures } = await simulate({
    actors: [Booking, ...Object.values(actors)],
    push: ["good", "stolen", "slow"].map((card) => BookingRequested.create({ id: card, night, card })),
    given: async ({ counters }) => {
      await counters.increment(freeRooms, night, 5);
    },
    as: "aws",
    runs: 60,
  });
  assert.is(failures, 0);
});

test.run();
