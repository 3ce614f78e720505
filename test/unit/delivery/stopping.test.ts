/** Work that never ends does not keep a hive from stopping. */
import { actorDescription, createHive, Event, pulse, silentLogger, type ProcessorActor } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import { throwsCode } from "../../support/throws.ts";
import { suite } from "../../support/suite.ts";

const test = suite("stopping");

@actorDescription("Ping-Reader")
class Reader implements ProcessorActor {
  async processAsync(): Promise<void> {}
}

test("an endless pulse does not keep a stop beyond its deadline", async () => {
  const clock = new ManualClock();
  const endless = { ...pulse("Ping", { every: 1_000 }), pulse: () => new Promise<never>(() => {}) };
  const hive = await createHive({ actors: Reader, pulsers: [endless], clock, logger: silentLogger });
  await hive.start();
  await clock.advance(1_000);
  const stopping = hive.stop({ deadline: 100 });
  await throwsCode("InvalidState", () => hive.push(new Event("Ping")));
  await clock.advance(100);
  await stopping;
});

test("an endless disposal delays a stop only a little", async () => {
  const clock = new ManualClock();
  let disposing = false;
  @actorDescription("Ping-Holder")
  class Holder implements ProcessorActor {
    async processAsync(): Promise<void> {}
    [Symbol.asyncDispose](): Promise<void> {
      disposing = true;
      return new Promise(() => {});
    }
  }
  const hive = await createHive({ actors: Holder, clock, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("Ping"));
  while (!disposing) await clock.advance(1);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await clock.advance(5_000);
  await stopping;
});

test.run();
