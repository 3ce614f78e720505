/**
 * A game server: it tells its player of each level, and publishes the event first, or not.
 *
 * `server.ts RELIABILITY LOCAL REMOTE` with the URLs of two providers. It never ends by itself.
 */
import { setTimeout as frame } from "node:timers/promises";
import { createHive, type Event } from "beehive-actors";
import { LevelCompleted } from "./events.ts";

const [reliability, local = "", remote = ""] = process.argv.slice(2);
const store = await createHive({
  publishes: [LevelCompleted],
  provider: reliability === "local-store" ? local : remote,
});

/** Publishes an event as reliably as is asked for. */
const publish: (event: Event) => Promise<unknown> =
  reliability === "fire-and-forget"
    ? (event) => store.push(event.clone({ delivery: "log" })) // waits for nothing, and never fails
    : (event) => store.push(event); // waits until the store has it

for (let level = 1; ; level++) {
  await publish(LevelCompleted.create({ player: "ada", level, seconds: 1 }, { partitionKey: "ada" }));
  console.log(`level ${level}`);
  await frame(1);
}
