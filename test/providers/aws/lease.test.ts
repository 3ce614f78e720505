import * as assert from "uvu/assert";
import { maxLeaseMs, visibilityLeft, visibilitySeconds } from "../../../providers/aws/queues/lease.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: visibility");
const hour = 3_600;

test("a visibility is whole seconds and outlasts its lease", () => {
  assert.equal([0, 1, 1_000, 1_001, 30_000].map(visibilitySeconds), [1, 2, 2, 3, 31]);
});

test("the longest lease has the 12 hours of SQS", () => {
  assert.is(visibilitySeconds(maxLeaseMs), 12 * hour);
  assert.is(visibilitySeconds(maxLeaseMs * 2), 12 * hour);
});

test("the 12 hours count from the receive", () => {
  assert.is(visibilityLeft(0, 0), 12 * hour - 1);
  assert.is(visibilityLeft(0, hour * 1_000), 11 * hour - 1);
  assert.is(visibilityLeft(0, (12 * hour - 1) * 1_000), 0);
  assert.is(visibilityLeft(0, 13 * hour * 1_000), 0);
});

test.run();
