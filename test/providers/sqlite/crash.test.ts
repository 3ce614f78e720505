/** Processes that are killed at random, and their successors. `BEEHIVE_KILLS` sets the number of kills. */
import { setTimeout as sleep } from "node:timers/promises";
import { availableDrivers } from "../../../providers/sqlite/file/driver.ts";
import { assertOnce } from "../../support/effects.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { Worker } from "../../support/effects-process.ts";
import { suite } from "../../support/suite.ts";

const kills = Number(process.env["BEEHIVE_KILLS"] ?? 10);
const jobsARun = 300;

const test = suite("sqlite: crash", { timeoutMs: 60_000 + kills * 10_000 });

for (const driver of availableDrivers()) {
  const times = Math.ceil(kills / availableDrivers().length);
  test(`${driver}: effects happen once through ${times} kills`, async () => {
    using file = sqliteFile();
    const url = `sqlite:${file.path}?driver=${driver}&deduplication=3600000`;
    for (let run = 0; run < times; run++) {
      const worker = new Worker({ url, jobs: [run * jobsARun, (run + 1) * jobsARun], leaseMs: 1_000 });
      await worker.said("ready");
      await sleep(Math.random() * 250);
      await worker.kill();
    }
    // Push again in case the first push was lost, and work until the queue is empty.
    await new Worker({ url, jobs: [0, times * jobsARun], leaseMs: 1_000 }).done();
    await assertOnce(`sqlite:${file.path}`, times * jobsARun);
  });
}

test.run();
