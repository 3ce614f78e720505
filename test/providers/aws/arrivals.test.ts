import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { Arrivals } from "../../../providers/aws/queues/arrivals.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: arrivals");

test("an event that is due in an hour holds up its own destination only", () => {
  const clock = new ManualClock();
  const arrivals = new Arrivals(clock);
  const inAnHour = clock.now() + 3_600_000;
  arrivals.add("Orders-", inAnHour);
  arrivals.add("Orders-", 0);
  arrivals.add("Invoices", 0);
  assert.is(arrivals.latest("Orders-"), inAnHour);
  assert.is(arrivals.latest("Invoices"), clock.now());
  assert.is(arrivals.latest("Unused-"), -Infinity);
});

test.run();
