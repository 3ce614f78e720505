import { actorDescription, Event, throttle, type ActorContext, type ProcessorActor } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("throttle");

test("no second has more runs than the limit, and none is retried", async () => {
  const starts: number[] = [];
  @actorDescription("Ping-Throttled", { middleware: [throttle({ limit: 2 })], lease: 1_000 })
  class ThrottledActor implements ProcessorActor {
    processAsync(_event: Event, { clock, attempt }: ActorContext): void {
      assert.is(attempt, 1);
      starts.push(clock.now());
    }
  }
  const hive = await TestHive.start({ actors: ThrottledActor });
  const start = hive.clock.now();
  await hive.push(Array.from({ length: 7 }, (_, index) => new Event("Ping", index)));
  await hive.settle();
  assert.equal(
    starts.map((time) => time - start),
    [0, 0, 1_000, 1_000, 2_000, 2_000, 3_000],
  );
  await hive.stop();
});

test("actors that share a throttle share its limit", async () => {
  const starts: number[] = [];
  const shared = throttle({ limit: 1, per: "1m" });
  class NotingActor implements ProcessorActor {
    processAsync(_event: Event, { clock }: ActorContext): void {
      starts.push(clock.now());
    }
  }
  @actorDescription("Ping-One", { middleware: [shared] })
  class OneActor extends NotingActor {}
  @actorDescription("Ping-Two", { middleware: [shared] })
  class TwoActor extends NotingActor {}
  const hive = await TestHive.start({ actors: [OneActor, TwoActor] });
  await hive.push([new Event("Ping"), new Event("Ping")]);
  await hive.settle();
  const [first = 0] = starts;
  assert.equal(
    starts.map((time) => time - first),
    [0, 60_000, 120_000, 180_000],
  );
  await hive.stop();
});

test("a stopping hive abandons an event that waits for its turn", async () => {
  let runs = 0;
  @actorDescription("Ping-Throttled", { middleware: [throttle({ limit: 1, per: 3_600_000 })] })
  class ThrottledActor implements ProcessorActor {
    processAsync(): void {
      runs++;
    }
  }
  const hive = await TestHive.start({ actors: ThrottledActor });
  await hive.push([new Event("Ping"), new Event("Ping")]);
  await hive.advance(1_000);
  await hive.stop();
  assert.is(runs, 1);
  assert.match(String(hive.tree()), "abandoned");
});

test("a hive with another clock does not wait for runs of the first", async () => {
  @actorDescription("Ping-Throttled", { middleware: [throttle({ limit: 1, per: 3_600_000 })] })
  class ThrottledActor implements ProcessorActor {
    processAsync(): void {}
  }
  for (const _ of ["first", "second"]) {
    await using hive = await TestHive.start({ actors: ThrottledActor });
    const start = hive.clock.now();
    await hive.push(new Event("Ping"));
    await hive.settle();
    assert.is(hive.clock.now(), start);
  }
});

test.run();
