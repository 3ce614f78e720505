import * as assert from "uvu/assert";
import { QueueName } from "../../../src/events/queue-name.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("QueueName");

const names = [
  ["a simple queue", "SimpleQueueName-SimpleQueueName", "queue", "SimpleQueueName", "", "SimpleQueueName"],
  ["a simple queue by its short name", "Invoices", "queue", "Invoices", "", "Invoices"],
  ["a subscription of a topic", "Topic-Subscription", "subscription", "Topic", "Subscription", "Topic-Subscription"],
  [
    "underscores and digits",
    "1122fwef_fwef-23huh_buhasi",
    "subscription",
    "1122fwef_fwef",
    "23huh_buhasi",
    "1122fwef_fwef-23huh_buhasi",
  ],
  ["a topic", "Topic-", "topic", "Topic", "", "Topic-"],
  ["names that differ in case", "Orders-orders", "subscription", "Orders", "orders", "Orders-orders"],
] as const;
for (const [what, text, kind, topic, subscription, written] of names) {
  test(`${what} is parsed and written in one form`, () => {
    const name = QueueName.parse(text);
    assert.equal([name.kind, name.topic, name.subscription], [kind, topic, subscription]);
    assert.is(String(name), written);
    assert.is(QueueName.parse(written).kind, kind);
  });
}

const mistakes = [
  ["several hyphens", "Simple-Queue-Name", /more than one hyphen/],
  ["nothing", "", /empty/],
  ["nothing before the hyphen", "-Subscription", /before the hyphen/],
  ["a space", "Simple Queue", /" "/],
  ["a letter that is not ASCII", "Aufträge", /"ä"/],
  ["a line end", "Orders\n", /\\n/],
  ["an emoji", "Orders-🐝", /not allowed/],
] as const;
for (const [what, text, reason] of mistakes) {
  test(`${what} is InvalidQueueName with the reason`, async () => {
    assert.match((await throwsCode("InvalidQueueName", () => QueueName.parse(text))).message, reason);
  });
}

test("topic() makes a topic", () => {
  assert.is(QueueName.topic("Ali").kind, "topic");
  assert.is(String(QueueName.topic("Ali")), "Ali-");
});

test("queue() makes a simple queue", () => {
  assert.is(QueueName.queue("Ali").kind, "queue");
  assert.is(String(QueueName.queue("Ali")), "Ali");
});

test("a queue name cannot be changed", () => {
  assert.throws(() => Object.assign(QueueName.parse("Orders"), { topic: "x" }), TypeError);
});

test.run();
