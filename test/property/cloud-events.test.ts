import { CloudEvent } from "cloudevents";
import fc from "fast-check";
import { fromCloudEvent, fromCloudEventText, toCloudEvent, toCloudEventText } from "beehive-actors";
import * as assert from "uvu/assert";
import { cloudEventRecord } from "../../src/events/cloud-events.ts";
import { suite } from "../support/suite.ts";
import { eventArbitrary } from "./arbitraries.ts";

const test = suite("any event as a CloudEvent", { timeoutMs: 60_000 });

test("any event survives a CloudEvent in JSON", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      const value: unknown = JSON.parse(JSON.stringify(toCloudEvent(event)));
      assert.equal(cloudEventRecord(value), event.toRecord());
      const text = toCloudEventText(event);
      assert.equal(cloudEventRecord(JSON.parse(text), text), event.toRecord());
      const back = { ...event.toRecord(), enqueueTime: undefined, delivery: "business" };
      assert.equal(fromCloudEvent(value, event.queueName).toRecord(), back);
      assert.equal(fromCloudEventText(text, event.queueName).toRecord(), back);
    }),
    { numRuns: 500 },
  );
});

test("the cloudevents package accepts any event", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      assert.ok(new CloudEvent(structuredClone(toCloudEvent(event)) as object).validate());
    }),
  );
});

test.run();
