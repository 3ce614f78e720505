import * as assert from "uvu/assert";
import { maxLeaseMs, visibilityLeft, visibilitySeconds } from "../../../providers/aws/queues/lease.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: visibility");
const hour = 3_600;

test("given a lease, when its visibility is asked for, then it is whole seconds and outlasts the lease", () => {
  assert.equal([0, 1, 1_000, 1_001, 30_000].map(visibilitySeconds), [1, 2, 2, 3, 31]);
});

test("given the longest lease, when its visibility is asked for, then it is the 12 hours that SQS takes and no more", () => {
  assert.is(visibilitySeconds(maxLeaseMs), 12 * hour);
  assert.is(visibilitySeconds(maxLeaseMs * 2), 12 * hour);
});

test("given a message received a while ago, when it is asked what is left of the 12 hours, then they count from the receive", () => {
  assert.is(visibilityLeft(0, 0), 12 * hour - 1);
  assert.is(visibilityLeft(0, hour * 1_000), 11 * hour - 1);
  assert.is(visibilityLeft(0, (12 * hour - 1) * 1_000), 0);
  assert.is(visibilityLeft(0, 13 * hour * 1_000), 0);
});

test.run();
