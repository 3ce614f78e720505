import { actorDescription, createHive, Event, silentLogger, type ProcessorActor } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("hive.push");

@actorDescription("Ping-Reader")
class Reader implements ProcessorActor {
  async processAsync(): Promise<void> {}
}

test("a value that is no event is refused with everything beside it", async () => {
  await using hive = await createHive({ actors: Reader, logger: silentLogger });
  await hive.setup();
  const none: unknown[] = [
    { eventType: "Ping" },
    undefined,
    null,
    "Ping",
    5,
    [new Event("Ping"), { eventType: "Ping" }],
  ];
  for (const one of none) await throwsCode("InvalidEvent", () => hive.push(one as Event));
  assert.is((await hive.queue("Ping-Reader").counts()).ready, 0);
  await hive.push(new Set([new Event("Ping"), new Event("Ping")]));
  assert.is((await hive.queue("Ping-Reader").counts()).ready, 2);
});

test.run();
