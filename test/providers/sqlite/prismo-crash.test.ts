/** The sample on a file, killed at random and started again. `BEEHIVE_KILLS` sets the number of kills. */
import { existsSync } from "node:fs";
import { assertOnceThroughKills, kills, killsLimitMs } from "../../support/prismo-kills.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: Prismo", { timeoutMs: killsLimitMs });

test(`Prismo completes every order once through ${kills} kills`, async () => {
  using file = sqliteFile();
  const provider = `sqlite:${file.path}?deduplication=3600000`;
  await assertOnceThroughKills({ provider, begun: () => existsSync(file.path) });
});

test.run();
