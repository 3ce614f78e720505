/** The rate of a hive while a transaction holds vacuum back. `BEEHIVE_HELD_SECONDS` sets for how long. */
import { actorDescription, createHive, Event, silentLogger, type ProcessorActor } from "beehive-actors";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import * as assert from "uvu/assert";
import { noPostgres, postgresSchema, postgresUrl } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const heldSeconds = Number(process.env["BEEHIVE_HELD_SECONDS"] ?? 6);
/** Rates before, and at the end of the time. */
const compared = 4;
/** How long a machine with other work may take to have time for it, in s. */
const maxLateSeconds = 30;

const test = suite("postgres: rate", { timeoutMs: 60_000 + (heldSeconds + maxLateSeconds) * 1_000, skip: noPostgres });

let handled = 0;

/** Passes events on to itself, for ever. */
@actorDescription("Ring-Run", { parallelism: 16, publishes: ["Ring"] })
class Ring implements ProcessorActor {
  async processAsync(event: Event): Promise<Event[]> {
    handled++;
    return [new Event("Ring", event.getBody())];
  }
}

/** Returns the events of each second. */
async function rates(seconds: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < seconds) {
    const [before, at] = [handled, performance.now()];
    await sleep(1_000);
    found.push(Math.round(((handled - before) * 1_000) / (performance.now() - at)));
  }
  return found;
}

test("an open transaction slows a hive down by less than 30%", async () => {
  const schema = postgresSchema();
  const hive = await createHive({ actors: Ring, provider: schema.url, logger: silentLogger, journal: false });
  await hive.start();
  await hive.push(Array.from({ length: 32 }, (_, n) => new Event("Ring", n)));
  const before = (await rates(compared + 1)).slice(1);
  const holder = new pg.Client({ connectionString: postgresUrl });
  await holder.connect();
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await holder.query("SELECT 1");
  // Other work of the machine makes single seconds slow.
  const usual = before.toSorted((a, b) => a - b)[compared / 2] ?? 0;
  const held = await rates(heldSeconds);
  const isUsual = (): boolean => Math.max(...held.slice(-compared)) >= 0.7 * usual;
  while (!isUsual() && held.length < heldSeconds + maxLateSeconds) held.push(...(await rates(1)));
  await holder.end();
  await hive.stop({ deadline: "1s" });
  await schema.drop();
  const told = `events a second: ${before.join(", ")} before, ${held.join(", ")} while it was open`;
  if (process.env["BEEHIVE_HELD_SECONDS"] !== undefined) console.log(told);
  assert.ok(isUsual(), told);
});

test.run();
