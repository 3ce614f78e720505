import { eventType, pulse, type ActorClass } from "beehive-actors";
import * as assert from "uvu/assert";
import { z } from "zod";
import { cloudRules } from "../../../../src/cli/cloud-rules.ts";
import type { Finding, RuleName } from "../../../../src/analysis/graph/finding.ts";
import { lint } from "../../../../src/analysis/graph/lint.ts";
import { makeEventGraph, type EventGraphParts } from "../../../../src/analysis/graph/make-event-graph.ts";
import { suite } from "../../../support/suite.ts";
import { actorOf, descriptorsOf, type ActorParts } from "./graphs.ts";

const test = suite("lint");

async function findings(
  rule: RuleName,
  classes: readonly ActorClass[],
  parts: Partial<EventGraphParts> = {},
  clouds: readonly string[] = [],
): Promise<Finding[]> {
  const descriptors = await descriptorsOf(...classes);
  const graph = makeEventGraph({ descriptors, ...parts });
  const found = lint(graph, descriptors, await cloudRules(clouds), parts.pulsers);
  return found.filter((one) => one.rule === rule);
}

function wheres(found: readonly Finding[]): string[] {
  return found.map(({ severity, where }) => `${severity} ${where}`);
}

const only = (name: string, parts: ActorParts): ActorClass[] => [actorOf(name, parts)];
const payment = only("PaymentActor", { "OrderAccepted-Payment": ["PaymentAuthorised"] });

test("a topic without a reader: its events are dropped", async () => {
  const [found, ...more] = await findings("orphan-topic", payment);
  assert.equal(more, []);
  assert.is(found?.where, "PaymentAuthorised-");
  assert.is(found?.severity, "warning");
  assert.match(found?.message ?? "", /PaymentActor publishes there.*are dropped.*"PaymentAuthorised-Something"/);
});

test("a queue without a reader: its events pile up", async () => {
  const [found] = await findings("orphan-topic", only("OrderActor", { "OrderAccepted-Order": ["Labels-Labels"] }));
  assert.match(found?.message ?? "", /pile up.*"Labels"/);
});

test("a topic with a reader is no orphan", async () => {
  const shipping = actorOf("ShippingActor", { "PaymentAuthorised-Shipping": [] });
  assert.equal(await findings("orphan-topic", [...payment, shipping]), []);
});

test("a subscription without events: how to declare an entry", async () => {
  const found = await findings("unfed-subscription", payment);
  assert.equal(wheres(found), ["error OrderAccepted-Payment"]);
  assert.match(found[0]?.message ?? "", 'eventType("OrderAccepted", schema, { entry: true })');
  assert.match(found[0]?.message ?? "", 'entries: ["OrderAccepted"]');
});

test("a queue and a topic of one name: how to write each", async () => {
  const labels = actorOf("LabelActor", { Labels: [] });
  const [unfed] = await findings(
    "unfed-subscription",
    [...only("OrderActor", { "OrderAccepted-Order": ["Labels"] }), labels],
    {
      entries: ["OrderAccepted"],
    },
  );
  assert.is(unfed?.where, "Labels");
  assert.match(unfed?.message ?? "", 'The topic Labels- is published to: write "Labels-Labels" in publishes');

  const tracing = actorOf("TracingActor", { "Labels-Tracing": [] });
  const publishing = only("OrderActor", { "OrderAccepted-Order": ["Labels-Labels"] });
  const [other] = await findings("unfed-subscription", [...publishing, tracing], { entries: ["OrderAccepted"] });
  assert.match(other?.message ?? "", 'The queue Labels is published to: write "Labels-" in publishes');
});

test("a subscription with a typo: the probable name", async () => {
  const shipping = actorOf("ShippingActor", { "PaymentAuthorized-Shipping": [] });
  const found = await findings("unfed-subscription", [...payment, shipping], { entries: ["OrderAccepted"] });
  assert.equal(wheres(found), ["error PaymentAuthorized-Shipping"]);
  assert.match(found[0]?.message ?? "", "Is PaymentAuthorised meant?");
});

for (const [what, parts] of Object.entries<Partial<EventGraphParts>>({
  "an entry of the configuration": { entries: ["OrderAccepted"] },
  "an event type that is an entry": { eventTypes: [eventType("OrderAccepted", undefined, { entry: true })] },
  "a pulser": { pulsers: [pulse("OrderAccepted", { every: 1_000 })] },
  "an event type of another queue": {
    eventTypes: [eventType("Ordered", undefined, { queueName: "OrderAccepted-", entry: true })],
  },
})) {
  test(`a subscription fed by ${what} is fine`, async () => {
    assert.equal(await findings("unfed-subscription", payment, parts), []);
  });
}

test("a cycle without an exit names its actors", async () => {
  const ping = actorOf("PingActor", { "Ponged-Ping": ["Pinged"] });
  const pong = actorOf("PongActor", { "Pinged-Pong": ["Ponged"] });
  assert.equal(wheres(await findings("endless-cycle", [ping, pong])), ["warning PongActor, PingActor"]);
  assert.equal(wheres(await findings("endless-cycle", only("Again", { "Tried-Again": ["Tried"] }))), ["warning Again"]);
});

test("a cycle with an exit is fine", async () => {
  const ping = actorOf("PingActor", { "Ponged-Ping": ["Pinged"] });
  const pong = actorOf("PongActor", { "Pinged-Pong": ["Ponged", "Ended"] });
  assert.equal(await findings("endless-cycle", [ping, pong]), []);
  assert.equal(await findings("endless-cycle", payment), []);
});

test("of two cycles only the one without an exit is reported", async () => {
  const ping = actorOf("PingActor", { "Ponged-Ping": ["Pinged"] });
  const pong = actorOf("PongActor", { "Pinged-Pong": ["Ponged", "Tried"] });
  const again = actorOf("AgainActor", { "Tried-Again": ["Tried"] });
  assert.equal(wheres(await findings("endless-cycle", [ping, pong, again])), ["warning AgainActor"]);
});

const retry = { maxAttempts: 5, minDelay: 10, maxDelay: 100, factor: 2, jitter: 0 };

test("supervision that retries with one attempt is reported", async () => {
  const supervision = [{ on: "Timeout", action: "retry" } as const];
  const found = await findings("never-retried", only("A", { "B-A": { retry: { maxAttempts: 1 }, supervision } }));
  assert.equal(wheres(found), ["warning A on B-A"]);
  assert.match(found[0]?.message ?? "", "retries Timeout");
  assert.equal(await findings("never-retried", only("A", { "B-A": { retry, supervision } })), []);
});

test("retries without a wait are reported", async () => {
  const waits = { ...retry, minDelay: 0, maxDelay: 0 };
  assert.equal(wheres(await findings("retry-without-wait", only("A", { "B-A": { retry: waits } }))), [
    "warning A on B-A",
  ]);
  assert.equal(await findings("retry-without-wait", only("A", { "B-A": { retry: { ...waits, maxAttempts: 1 } } })), []);
  assert.equal(await findings("retry-without-wait", only("A", { "B-A": { retry } })), []);
});

test("retries longer than the retention of a cloud are an error", async () => {
  const day = 86_400_000;
  const weeks = (maxAttempts: number): ActorClass[] =>
    only("A", { "B-A": { retry: { ...retry, maxAttempts, minDelay: day, maxDelay: day } } });
  assert.equal(wheres(await findings("retry-outlives-queue", weeks(16), {}, ["aws"])), ["error A on B-A"]);
  assert.equal(await findings("retry-outlives-queue", weeks(15), {}, ["aws"]), []);
  assert.equal(await findings("retry-outlives-queue", weeks(16), {}, ["azure"]), []);
});

test("growing retry delays are summed up to the longest", async () => {
  const hour = 3_600_000;
  // 1 + 2 + 4 + 8 hours, then 12 each: 15 + 26 * 12 = 327 hours are below 14 days (336), with one more wait above.
  const growing = (maxAttempts: number): ActorClass[] =>
    only("A", { "B-A": { retry: { ...retry, maxAttempts, minDelay: hour, maxDelay: 12 * hour } } });
  assert.equal(await findings("retry-outlives-queue", growing(31), {}, ["aws"]), []);
  assert.is((await findings("retry-outlives-queue", growing(32), {}, ["aws"])).length, 1);
});

test("each cloud refuses its own names and leases", async () => {
  const long = only("A", { [`Topic-${"s".repeat(51)}`]: { lease: 6 * 60_000 } });
  const azure = await findings("refused-by-cloud", long, {}, ["azure"]);
  assert.equal(wheres(azure), ["error azure", "error azure"]);
  assert.match(azure[0]?.message ?? "", "51 characters");
  assert.match(azure[1]?.message ?? "", "longest lock");
  assert.equal(await findings("refused-by-cloud", long, {}, ["aws"]), []);
  const prefixed = await findings("refused-by-cloud", long, {}, [`aws:?prefix=${"p".repeat(20)}`]);
  assert.match(prefixed[0]?.message ?? "", "at most 80 are allowed");
  const pulsers = [pulse("p".repeat(261), { every: 1_000 })];
  const byTime = await findings("refused-by-cloud", only("A", { "Topic-A": {} }), { pulsers }, ["azure", "aws"]);
  assert.equal(wheres(byTime), ["error azure", "error aws"]);
});

test("an unknown cloud and wrong options are refused", async () => {
  for (const [cloud, message] of [
    ["gcp", "takes azure and aws"],
    ["aws:?prefix=!", "prefix must be"],
    ["azure:?tier=basic", '"tier" is not an option'],
  ] as const) {
    const error: unknown = await cloudRules([cloud]).catch((thrown: unknown) => thrown);
    assert.match((error as Error).message, message);
  }
});

test("events without a schema are reported", async () => {
  const eventTypes = [eventType("OrderAccepted"), eventType("PaymentAuthorised", z.object({}))];
  assert.equal(wheres(await findings("event-without-schema", payment, { eventTypes })), ["warning OrderAccepted"]);
  assert.equal(wheres(await findings("event-without-schema", payment)), [
    "warning OrderAccepted",
    "warning PaymentAuthorised",
  ]);
});

test("an event type declared twice is reported, two versions are not", async () => {
  const twice = [eventType("OrderAccepted", z.object({})), eventType("OrderAccepted", z.string())];
  assert.equal(wheres(await findings("event-declared-twice", payment, { eventTypes: twice })), [
    "warning OrderAccepted",
  ]);
  const [first] = twice;
  const exportedTwice = first ? [first, first] : [];
  assert.equal(await findings("event-declared-twice", payment, { eventTypes: exportedTwice }), []);
  const versions = [eventType("OrderAccepted"), eventType("OrderAccepted", undefined, { version: 2 })];
  assert.equal(await findings("event-declared-twice", payment, { eventTypes: versions }), []);
});

test("an event type that no actor uses is reported", async () => {
  const eventTypes = [eventType("OrderAccepted"), eventType("OrderArchived")];
  assert.equal(wheres(await findings("unused-event", payment, { eventTypes })), ["warning OrderArchived"]);
});

test("the journal is compared with the declarations", async () => {
  const observed = [
    { from: "PaymentActor", eventType: "PaymentFailed", destination: "PaymentFailed-", count: 3 },
    { from: "PaymentActor", eventType: "Invoice", destination: "Invoices", count: 1 },
    { from: undefined, eventType: "OrderAccepted", destination: "OrderAccepted-", count: 3 },
  ];
  const undeclared = await findings("undeclared-event", payment, { observed });
  assert.equal(wheres(undeclared), [
    "error code outside the actors to OrderAccepted-",
    "error PaymentActor to Invoices",
    "error PaymentActor to PaymentFailed-",
  ]);
  assert.match(undeclared[0]?.message ?? "", 'entries: ["OrderAccepted"]');
  assert.match(undeclared[1]?.message ?? "", 'Add "Invoices-Invoices" to the publishes of PaymentActor');
  assert.match(undeclared[2]?.message ?? "", 'Add "PaymentFailed" to the publishes of PaymentActor');
  assert.equal(wheres(await findings("never-seen", payment, { observed })), [
    "warning PaymentActor to PaymentAuthorised-",
  ]);
  assert.equal(await findings("never-seen", payment), []);
});

test("errors come before warnings", async () => {
  const descriptors = await descriptorsOf(...payment);
  const severities = lint(makeEventGraph({ descriptors }), descriptors).map(({ severity }) => severity);
  assert.equal(severities, ["error", "warning", "warning", "warning"]);
});

test.run();
