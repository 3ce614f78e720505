import {
  actor,
  actorDescription,
  createHive,
  Event,
  eventType,
  QueueName,
  silentLogger,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
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

test("a delay counts by the clock of the hive, of pushes and of outputs", async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const First = actor("First-Then", eventType("First"), { publishes: ["Second"] }, () => {
    seen.push("first");
    return [new Event("Second", 2, { delay: "1h" })];
  });
  const Second = actor("Second-Last", eventType("Second"), {}, () => void seen.push("second"));
  await using hive = await createHive({ actors: [First, Second], clock, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("First", 1, { delay: "1h" }));
  await clock.advance("59m");
  assert.equal(seen, []);
  await clock.advance("1h");
  assert.equal(seen, ["first"]);
  await clock.advance("1m");
  assert.equal(seen, ["first", "second"]);
  await hive.stop();
});

test("an async iterable is published in batches, none held longer", async () => {
  await using hive = await createHive({ actors: Reader, logger: silentLogger });
  await hive.setup();
  const ready: number[] = [];
  async function* pings() {
    for (let n = 0; n < 250; n++) {
      if (n % 50 === 0) ready.push((await hive.queue("Ping-Reader").counts()).ready);
      yield new Event("Ping", n);
    }
  }
  assert.is(await hive.push(pings()), 0);
  assert.equal(ready, [0, 0, 100, 100, 200]);
  assert.is((await hive.queue("Ping-Reader").counts()).ready, 250);
});

test("an async iterable that fails leaves the batches before it published", async () => {
  await using hive = await createHive({ actors: Reader, logger: silentLogger });
  await hive.setup();
  async function* pings() {
    for (let n = 0; n < 150; n++) yield new Event("Ping", n);
    throw new RangeError("the file ended early");
  }
  const error: unknown = await hive.push(pings()).catch((thrown: unknown) => thrown);
  assert.instance(error, RangeError);
  assert.is((await hive.queue("Ping-Reader").counts()).ready, 100);
});

test("an async iterable ends with InvalidState when the hive stops", async () => {
  const provider = new MemoryProvider();
  const hive = await createHive({ actors: Reader, provider, logger: silentLogger });
  await hive.setup();
  async function* pings() {
    for (let n = 0; n < 250; n++) {
      if (n === 150) await hive.stop();
      yield new Event("Ping", n);
    }
  }
  await throwsCode("InvalidState", () => hive.push(pings()));
  assert.is((await provider.queues.counts(QueueName.parse("Ping-Reader"))).ready, 100);
  await provider.close();
});

test.run();
