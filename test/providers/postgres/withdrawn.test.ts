import { createHive, Event, silentLogger } from "beehive-actors";
import * as assert from "uvu/assert";
import { branchesOf } from "../../../src/journal/trace/trace.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { noPostgres, postgresSchema } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: withdrawn events", { timeoutMs: 60_000, skip: noPostgres });

test("a cancelled event is absent from its queue, and not waited for", async () => {
  const schema = postgresSchema();
  const actors = actor("Remind-R", () => []);
  {
    await using hive = await createHive({ actors, provider: schema.url, logger: silentLogger, journal: true });
    await hive.start();
    const reminders = ["1", "2"].map((id) => new Event("Remind", {}, { id, delay: "1h", cancelKey: `key-${id}` }));
    const states = async (): Promise<readonly string[]> => {
      const traces = await Promise.all(["1", "2"].map((id) => hive.trace(id)));
      return traces.flatMap(({ roots }) => [...branchesOf(roots)].map(({ state }) => state));
    };
    await hive.push(reminders);
    assert.equal(await states(), ["delayed", "delayed"]);
    assert.is(await hive.cancel({ key: "key-1" }), 1);
    assert.equal(await states(), ["absent", "delayed"]);
    assert.is(await hive.settled(reminders.slice(0, 1), 8_000), "done");
    assert.is(await hive.settled(reminders.slice(1), 500), "waiting");
  }
  await schema.drop();
});

test.run();
