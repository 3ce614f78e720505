import * as assert from "uvu/assert";
import { BatchedDelivery } from "../../../../src/delivery/batches/batched-delivery.ts";
import { KeyOrder } from "../../../../src/delivery/batches/key-order.ts";
import { Event } from "../../../../src/events/event.ts";
import { queueName } from "../../../support/scene.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the order of keys within a batch");

/** Returns deliveries with the names of their keys, as a FIFO queue hands several of one key to Lambda. */
function deliveries(...keys: readonly string[]): BatchedDelivery[] {
  return keys.map((partitionKey, n) => {
    const event = new Event("Ping", n, { partitionKey });
    return new BatchedDelivery({ event, queueName, attempt: 1, firstSeen: 0, expiresAt: 0 }, undefined as never);
  });
}

test("a failed event holds back the later ones of its key, and no others", () => {
  const [a1, b1, a2, a3, b2] = deliveries("a", "b", "a", "a", "b") as [BatchedDelivery, ...BatchedDelivery[]];
  const all = [a1, b1, a2, a3, b2] as BatchedDelivery[];
  const { good, behind } = new KeyOrder(true).sorted(all, new Map([[a2 as BatchedDelivery, new Error("no")]]));
  assert.equal([good, behind], [[a1, b1, b2], [a3]]);
});

test("events that fail together fail by the first of each key", () => {
  const order = new KeyOrder(true);
  const [a1, a2, b1] = deliveries("a", "a", "b");
  const { failed, behind } = order.failed([a1, a2, b1] as BatchedDelivery[]);
  assert.equal([failed, behind], [[a1, b1], [a2]]);
  const [later] = deliveries("a");
  assert.equal(order.sorted([later] as BatchedDelivery[], new Map()).behind, [later]);
});

test("without order nothing waits", () => {
  const all = deliveries("a", "a");
  assert.equal(new KeyOrder(false).failed(all).behind, []);
});

test.run();
