/** Steady load, under which file and memory do not grow. `BEEHIVE_SOAK_SECONDS` sets the duration. */
import { statSync } from "node:fs";
import * as assert from "uvu/assert";
import { openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { actorDescription } from "../../../src/actors/actor.ts";
import { createHive } from "../../../src/hive/hive.ts";
import { Event } from "../../../src/events/event.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const seconds = Number(process.env["BEEHIVE_SOAK_SECONDS"] ?? 4);
const underWay = 200;

const test = suite("sqlite: soak", { timeoutMs: 60_000 + seconds * 2_000 });

interface Sample {
  readonly fileMb: number;
  readonly heapMb: number;
}

test(`steady load for ${seconds} s does not grow file and memory`, async () => {
  using file = sqliteFile();
  // The size is steady only after the window of ids has passed.
  const provider = new SqliteProvider({ file: file.path, deduplication: (seconds * 1_000) / 8 });
  let arrived = 0;
  const First = actor(() => [new Event("Second", "x".repeat(200))]);
  const Second = actor(() => {
    arrived++;
    return [];
  });
  actorDescription("First-Hop", { parallelism: 50, publishes: ["Second"] })(First);
  actorDescription("Second-Hop", { parallelism: 50 })(Second);
  // A journal is bounded by a time that is longer than this test.
  const hive = await createHive({ actors: [First, Second], provider, journal: false, logger: silentLogger });
  await hive.start();

  const started = Date.now();
  let pushed = 0;
  let middle: Sample | undefined;
  while (Date.now() - started < seconds * 1_000) {
    const events = Array.from({ length: underWay - (pushed - arrived) }, () => new Event("First", "x".repeat(200)));
    pushed += events.length;
    if (events.length > 0) await hive.push(events);
    else await new Promise(setImmediate);
    if (!middle && Date.now() - started > seconds * 500) middle = sample(file.path);
  }
  const end = sample(file.path);
  await hive.whenIdle();
  await hive.stop();
  await provider.close();

  assert.is(arrived, pushed);
  assert.ok(middle);
  const sizes = `${JSON.stringify(middle)} at half time, ${JSON.stringify(end)} at the end, ${pushed} events`;
  if (seconds >= 60) console.log(sizes);
  assert.ok(end.fileMb < middle.fileMb * 1.5 + 1, `the file grew: ${sizes}`);
  assert.ok(end.heapMb < middle.heapMb * 2 + 50, `memory grew: ${sizes}`);
});

function actor(process: () => Event[]): new () => { processAsync(): Event[] } {
  return class {
    processAsync(): Event[] {
      return process();
    }
  };
}

function sample(path: string): Sample {
  const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  // Copy the log into the file first: the size of the log varies.
  const driver = openDriver(path);
  driver.prepare("PRAGMA wal_checkpoint(PASSIVE)").all([]);
  driver.close();
  return { fileMb: mb(statSync(path).size), heapMb: mb(process.memoryUsage().heapUsed) };
}

test.run();
