/** The sample in a schema, killed at random and started again. `BEEHIVE_KILLS` sets the number of kills. */
import { noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { assertOnceThroughKills, kills, killsLimitMs } from "../../support/prismo-kills.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: Prismo", { timeoutMs: killsLimitMs, skip: noPostgres });

for (const processes of [1, 2]) {
  test(`Prismo completes every order once through ${kills} kills, ${processes} at a time`, async () => {
    const schema = postgresSchema();
    const begun = async (): Promise<boolean> =>
      (await query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema.name])).length > 0;
    await assertOnceThroughKills({ provider: `${schema.url}&deduplication=1h`, begun, processes });
    await schema.drop();
  });
}

test.run();
