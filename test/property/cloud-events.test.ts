import { CloudEvent } from "cloudevents";
import fc from "fast-check";
import { fromCloudEvent, toCloudEvent } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { eventArbitrary } from "./arbitraries.ts";

const test = suite("any event as a CloudEvent", { timeoutMs: 60_000 });

test("given any event, when it goes there and back as JSON, then it is equal", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      const back = fromCloudEvent(JSON.parse(JSON.stringify(toCloudEvent(event))));
      assert.equal(back.toRecord(), event.toRecord());
    }),
    { numRuns: 500 },
  );
});

test("given any event, when it becomes a CloudEvent, then the cloudevents package takes it", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      assert.ok(new CloudEvent(structuredClone(toCloudEvent(event)) as object).validate());
    }),
  );
});

test.run();
