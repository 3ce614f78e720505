import { actor, bodyOf, collectionStore, eventType, processManager, pulse, type ProcessState } from "beehive-actors";
import * as assert from "uvu/assert";
import { isEventType } from "../../../../src/events/event-type.ts";
import { makeEventGraph, scheduleText } from "../../../../src/analysis/graph/make-event-graph.ts";
import { plainGraph, withoutActors } from "../../../../src/analysis/graph/transform.ts";
import { suite } from "../../../support/suite.ts";
import { actorOf, descriptorsOf, graphOf, prismoGraph, webGraph } from "./graphs.ts";

const test = suite("the graph of events");

const Payment = actorOf("PaymentActor", { "OrderAccepted-Payment": ["PaymentAuthorised"] });
const Shipping = actorOf("ShippingActor", { "PaymentAuthorised-Shipping": ["Labels-Labels"] });

test("actors publish to topics and queues, and read subscriptions", async () => {
  const graph = await graphOf([Payment, Shipping]);
  assert.equal(
    graph.publications.map(({ from, to, declared }) => `${from.name} to ${to}, ${declared}`),
    ["PaymentActor to PaymentAuthorised-, true", "ShippingActor to Labels, true"],
  );
  assert.equal(
    graph.subscriptions.map(({ queueName, actor }) => `${queueName} by ${actor}`),
    ["OrderAccepted-Payment by PaymentActor", "PaymentAuthorised-Shipping by ShippingActor"],
  );
  assert.equal(
    graph.queues.map(({ name }) => String(name)),
    ["OrderAccepted-", "PaymentAuthorised-", "Labels"],
  );
  assert.is(graph.observed, false);
});

test("the order of actors does not change the graph", async () => {
  const make = async (order: <T>(list: T[]) => T[]): Promise<object> =>
    plainGraph(
      makeEventGraph({
        descriptors: order(
          await descriptorsOf(Payment, Shipping, actorOf("AuditActor", { "OrderAccepted-Audit": [] })),
        ),
        eventTypes: order([eventType("OrderAccepted"), eventType("Labelled", undefined, { queueName: "Labels" })]),
        entries: order(["OrderAccepted", "Labels"]),
      }),
    );
  assert.equal(await make((list) => list.toReversed()), await make((list) => list));
});

test("a process manager is one actor, whose time limits are its own queue", async () => {
  const Asked = eventType("Asked", bodyOf<{ id: string }>());
  const Told = eventType("Told", bodyOf<{ id: string }>());
  const Process = processManager("Process", collectionStore<ProcessState>("Processes"), {
    publishes: ["Ended"],
    starts: { event: Asked },
    on: [{ event: Told }],
    after: { "1m": ({ cancel }) => cancel() },
  });
  const graph = await graphOf([Process]);
  assert.equal(
    graph.actors.map(({ name }) => name),
    ["Process"],
  );
  assert.equal(graph.subscriptions.map(({ queueName }) => String(queueName)).toSorted(), [
    "Asked-Process",
    "ProcessTimeLimit",
    "Told-Process",
  ]);
  assert.equal(graph.publications.map(({ from, to }) => `${from.name} to ${to}`).toSorted(), [
    "Process to Ended-",
    "Process to ProcessTimeLimit",
  ]);
});

test("the graph knows the event types that actors name, exported or not", async () => {
  const Asked = eventType("Asked", bodyOf<{ id: string }>(), { version: 3 });
  const graph = await graphOf([actor("Asked-Reader", Asked, {}, () => {})]);
  assert.equal(
    graph.queues.map(({ events }) => events.map(({ name, version }) => `${name} ${version}`)),
    [["Asked 3"]],
  );
});

test("an event type with its own queue is not at the topic of its name", async () => {
  const graph = await graphOf([Payment], { eventTypes: [eventType("Labelled", undefined, { queueName: "Labels" })] });
  const at = graph.queues.filter(({ events }) => events.some(({ name }) => name === "Labelled"));
  assert.equal(
    at.map(({ name }) => String(name)),
    ["Labels"],
  );
});

for (const parts of [
  { entries: ["OrderAccepted"] },
  { entries: ["OrderAccepted-"] },
  { entries: ["OrderAccepted-Payment"] },
  { eventTypes: [eventType("OrderAccepted", undefined, { entry: true })] },
]) {
  const said = parts.entries?.join("") ?? "the event type";
  test(`an entry by ${said} is published from outside`, async () => {
    const { publications } = await graphOf([Payment], parts);
    assert.equal(
      publications.filter(({ from }) => from.kind === "outside").map(({ to }) => String(to)),
      ["OrderAccepted-"],
    );
  });
}

test("an entry by the bare name of a queue is the queue", async () => {
  const { publications } = await graphOf([actorOf("LabelActor", { Labels: [] })], { entries: ["Labels"] });
  assert.equal(
    publications.map(({ to }) => String(to)),
    ["Labels"],
  );
});

test("observed edges are counted by publisher and destination", async () => {
  const observed = [
    { from: "PaymentActor", eventType: "PaymentAuthorised", destination: "PaymentAuthorised-", count: 2 },
    { from: "PaymentActor", eventType: "PaymentRetried", destination: "PaymentAuthorised-", count: 3 },
    { from: "GoneActor", eventType: "OrderAccepted", destination: "OrderAccepted-", count: 1 },
  ];
  const { publications, actors, queues } = await graphOf([Payment, Shipping], { observed });
  assert.equal(
    publications.map(({ from, to, count, declared }) => `${from.name} to ${to} ${count} ${declared}`),
    [
      "PaymentActor to PaymentAuthorised- 5 true",
      "ShippingActor to Labels 0 true",
      "GoneActor to OrderAccepted- 1 false",
    ],
  );
  assert.equal(
    actors.filter(({ declared }) => !declared).map(({ name }) => name),
    ["GoneActor"],
  );
  const events = queues.find(({ name }) => String(name) === "PaymentAuthorised-")?.events;
  assert.equal(
    events?.map(({ name }) => name),
    ["PaymentAuthorised", "PaymentRetried"],
  );
});

test("observed events of a pulser count as of the pulser", async () => {
  const observed = [{ from: undefined, eventType: "DayEnded", destination: "DayEnded-", count: 7 }];
  const pulsers = [pulse("DayEnded", { every: 86_400_000 })];
  const graph = await graphOf([actorOf("ReportActor", { "DayEnded-Report": [] })], { pulsers, observed });
  assert.equal(
    graph.publications.map(({ from, count }) => `${from.kind} ${from.name} ${count}`),
    ["pulser DayEnded 7"],
  );
  assert.equal(graph.pulsers, [{ name: "DayEnded", schedule: "every day" }]);
});

test("leaving out actors leaves out the topics that they alone use", async () => {
  const whole = await graphOf([
    Payment,
    actorOf("AuditActor", { "PaymentAuthorised-Audit": [], "Refunded-Audit": [] }),
  ]);
  const { queues, actors, subscriptions } = withoutActors(whole, ["AuditActor"]);
  assert.equal(
    queues.map(({ name }) => String(name)),
    ["OrderAccepted-", "PaymentAuthorised-"],
  );
  assert.equal(
    actors.map(({ name }) => name),
    ["PaymentActor"],
  );
  assert.equal(
    subscriptions.map(({ actor }) => actor),
    ["PaymentActor"],
  );
});

test("Prismo: every event type has its topic, one comes from outside", async () => {
  const { queues, actors, publications } = await prismoGraph();
  assert.is(queues.length, 12);
  assert.is(actors.length, 14);
  assert.ok(queues.every(({ events }) => events.length === 1));
  assert.equal(
    publications.filter(({ from }) => from.kind === "outside").map(({ to }) => String(to)),
    ["OrderAccepted-"],
  );
});

test("only event types are found among the exports of a module", () => {
  assert.ok(isEventType(eventType("OrderAccepted")));
  for (const other of [undefined, null, "OrderAccepted", { name: "OrderAccepted", version: 1 }, Payment])
    assert.not.ok(isEventType(other));
});

test("in a plain graph queues are texts", async () => {
  const plain = plainGraph(await webGraph());
  assert.match(JSON.stringify(plain), '"queueName":"Rejected-Everything"');
});

for (const [every, text] of [
  [86_400_000, "every day"],
  [7_200_000, "every 2 hours"],
  [90_000, "every 90 seconds"],
  [1_500, "every 1500 ms"],
] as const) {
  test(`a pulse of ${every} ms is "${text}"`, () => {
    assert.is(scheduleText({ every }), text);
  });
}

test.run();
