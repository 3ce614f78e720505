/** Telemetry with the real SDK of OpenTelemetry and exporters in memory. */
import { providerModule as aws } from "../../../providers/aws/module.ts";
import { providerModule as azure } from "../../../providers/azure/module.ts";
import { registerProvider } from "../../../src/contract/provider-module.ts";
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as assert from "uvu/assert";
import { actorDescription, type ActorClass } from "../../../src/actors/actor.ts";
import { createHive } from "../../../src/hive/hive.ts";
import { RejectEvent } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { actor as actorOn, batchActor as batchOn } from "../../../src/testing/contracts/hive/harness.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { systemName } from "../../../src/telemetry/attributes.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Telemetry");
const spans = new InMemorySpanExporter();
/** The moment at which the application's span processor fails during a delivery. */
let failing: "start" | "end" | undefined;
const failAt = (moment: typeof failing, { name }: { readonly name: string }): void => {
  if (moment === failing && name.startsWith("process ")) throw new Error(`the ${moment} of a span failed`);
};
const fragile: SpanProcessor = {
  onStart: (span) => failAt("start", span),
  onEnd: (span) => failAt("end", span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
const tracer = new BasicTracerProvider({ spanProcessors: [fragile, new SimpleSpanProcessor(spans)] });
const measures = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter: measures, exportIntervalMillis: 3_600_000 });
const meter = new MeterProvider({ readers: [reader] });

test.before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracer);
  metrics.setGlobalMeterProvider(meter);
});

test.after(async () => {
  for (const api of [trace, metrics, propagation, context]) api.disable();
  await tracer.shutdown();
  await meter.shutdown();
});

test.before.each(async () => {
  await reader.forceFlush();
  spans.reset();
  measures.reset();
});

async function run(actors: readonly ActorClass[], ...events: readonly Event[]): Promise<void> {
  await using hive = await createHive({ actors, logger: silentLogger });
  await hive.start();
  await hive.push(events);
  await hive.whenIdle();
}

/** Returns the data points of a metric as `attribute values: value`. */
async function points(name: string, ...attributes: readonly string[]): Promise<string[]> {
  await reader.forceFlush();
  return measures
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) => dataPoints as readonly { attributes: Record<string, unknown>; value: unknown }[])
    .map(
      ({ attributes: given, value }) =>
        `${attributes.map((one) => String(given[one])).join(" ")}: ${typeof value === "number" ? value : (value as { count: number }).count}`,
    )
    .sort();
}

const spanOf = (name: string): ReadableSpan => {
  const found = spans.getFinishedSpans().find((span) => span.name === name);
  if (!found) throw new Error(`there is no span ${name}`);
  return found;
};

test("a chain of actors is one trace, carried by properties", async () => {
  const carried: unknown[] = [];
  const first = actorOn("TracedA-First", (event) => {
    carried.push(event.properties["traceparent"]);
    trace.getTracer("app").startSpan("inside the actor").end();
    return [new Event("TracedB")];
  });
  const second = actorOn("TracedB-Second", (event) => void carried.push(event.properties["traceparent"]));
  await run([first, second], new Event("TracedA"));
  const [send, one, two, inside] = [
    spanOf("send TracedA"),
    spanOf("process TracedA-First"),
    spanOf("process TracedB-Second"),
    spanOf("inside the actor"),
  ];
  const { traceId } = send.spanContext();
  assert.equal(send.links, [], "the push goes on from nothing but itself");
  assert.equal(
    [one, two, inside].map((span) => span.spanContext().traceId),
    [traceId, traceId, traceId],
  );
  assert.equal(
    [one, two, inside].map((span) => span.parentSpanContext?.spanId),
    [send, one, one].map((span) => span.spanContext().spanId),
  );
  assert.equal(
    [send, one, two].map(({ kind }) => kind),
    [SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.CONSUMER],
  );
  assert.equal(
    carried,
    [send, one].map((span) => `00-${traceId}-${span.spanContext().spanId}-01`),
  );
});

test("a span has the attributes of the messaging conventions", async () => {
  await run([actorOn("Described-Actor", () => [])], new Event("Described", 1, { id: "1", correlationId: "c" }));
  const { attributes } = spanOf("process Described-Actor");
  assert.equal(attributes, {
    "messaging.system": "memory",
    "messaging.operation.type": "process",
    "messaging.operation.name": "process",
    "messaging.destination.name": "Described",
    "messaging.destination.subscription.name": "Actor",
    "messaging.message.id": "1",
    "messaging.message.body.size": 1,
    "messaging.message.conversation_id": "c",
    "beehive.actor": "TestActor",
    "beehive.attempt": 1,
    "beehive.outcome": "committed",
  });
});

test("an event with a trace continues it", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await run([actorOn("Foreign-Actor", () => [])], new Event("Foreign", 1, { properties: { traceparent } }));
  const span = spanOf("process Foreign-Actor");
  assert.equal(
    [span.spanContext().traceId, span.parentSpanContext?.spanId],
    ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"],
  );
});

test("each attempt is a span with its outcome and error", async () => {
  const failing = actorOn("Failing-Actor", (_, { attempt }) => {
    throw attempt === 1 ? new TypeError("boom") : new RejectEvent("never");
  });
  await run([failing], new Event("Failing"));
  const attempts = spans.getFinishedSpans().filter(({ name }) => name === "process Failing-Actor");
  assert.equal(
    attempts.map(({ attributes, status }) => [
      attributes["beehive.attempt"],
      attributes["beehive.outcome"],
      attributes["error.type"],
      status.code,
      status.message,
    ]),
    [
      [1, "retried", "TypeError", SpanStatusCode.ERROR, "boom"],
      [2, "dead-lettered", "Rejected", SpanStatusCode.ERROR, "never"],
    ],
  );
});

test("published and processed events are counted by place and outcome", async () => {
  const splits = actorOn("CountedA-Splits", () => [new Event("CountedB", 1), new Event("CountedB", 2)]);
  const odd = actorOn("CountedB-Odd", (event) => {
    if (event.getBody<number>() === 2) throw new RejectEvent("even");
  });
  await run([splits, odd], new Event("CountedA"));
  assert.equal(await points("messaging.client.sent.messages", "messaging.destination.name"), [
    "CountedA: 1",
    "CountedB: 2",
  ]);
  assert.equal(
    await points("messaging.client.consumed.messages", "messaging.destination.subscription.name", "beehive.outcome"),
    ["Odd committed: 1", "Odd dead-lettered: 1", "Splits committed: 1"],
  );
  assert.equal(
    await points("messaging.process.duration", "messaging.destination.subscription.name", "beehive.outcome"),
    ["Odd committed: 1", "Odd dead-lettered: 1", "Splits committed: 1"],
  );
  assert.equal(await points("beehive.in_flight", "messaging.destination.name"), ["CountedA: 0", "CountedB: 0"]);
  assert.equal(await points("beehive.lag", "messaging.destination.name"), ["CountedA: 1", "CountedB: 2"]);
  assert.equal(await points("messaging.client.operation.duration", "messaging.operation.name"), ["send: 1"]);
});

test("a gauge has the events that a subscription of a kept topic is behind", async () => {
  const stuck = actorOn("Kept-Slow", () => new Promise<void>(() => {}));
  const hive = await createHive({ actors: [stuck], keep: { Kept: "forever" }, logger: silentLogger });
  const behind = async (): Promise<unknown[]> => {
    measures.reset();
    await reader.forceFlush();
    const all = measures.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: some }) => some));
    return all
      .filter(({ descriptor }) => descriptor.name === "beehive.behind")
      .flatMap(({ dataPoints }) =>
        dataPoints.map(({ value, attributes }) => [value, attributes["messaging.destination.subscription.name"]]),
      );
  };
  assert.equal(await behind(), [], "it does not run yet");
  await hive.start();
  await hive.push([new Event("Kept", 1), new Event("Kept", 2)]);
  assert.equal(await behind(), [[2, "Slow"]]);
  await hive.stop({ deadline: 0 });
  assert.equal(await behind(), []);
});

test("the span of a refused push has an error", async () => {
  class Reader {
    async processAsync(): Promise<void> {}
  }
  actorDescription("Known-Reader")(Reader);
  await using hive = await createHive({ actors: Reader, logger: silentLogger });
  await hive.push(new Event("Unknown")).then(
    () => assert.unreachable(),
    () => {},
  );
  const { status, attributes } = spanOf("send Unknown");
  assert.equal([status.code, attributes["error.type"]], [SpanStatusCode.ERROR, "QueueNotFound"]);
  assert.equal(await points("messaging.client.operation.duration", "error.type"), ["QueueNotFound: 1"]);
});

test("the span of a push before the set-up names the set-up", async () => {
  await using hive = await createHive({ actors: [actorOn("TracedEarly-One", () => [])], logger: silentLogger });
  await hive.push(new Event("TracedEarly")).catch(() => {});
  assert.match(String(spanOf("send TracedEarly").status.message), /not set up, so "TracedEarly-"/);
});

test("each of several pushed events is a trace that the push links to", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const actors = [actorOn("BatchA-Actor", () => []), actorOn("BatchB-Actor", () => [])];
  await run(actors, new Event("BatchA"), new Event("BatchA"), new Event("BatchB", 1, { properties: { traceparent } }));
  const finished = spans.getFinishedSpans();
  const send = spanOf("send");
  const created = finished.filter(({ name }) => name.startsWith("create "));
  const processed = finished.filter(({ name }) => name.startsWith("process "));
  assert.equal(
    [send, ...created].map(({ name, kind }) => [name, kind]),
    [
      ["send", SpanKind.CLIENT],
      ["create BatchA", SpanKind.PRODUCER],
      ["create BatchA", SpanKind.PRODUCER],
    ],
  );
  assert.is(send.attributes["messaging.batch.message_count"], 3);
  assert.equal(
    send.links.map((link) => link.context.spanId),
    [...created.map((span) => span.spanContext().spanId), "b7ad6b7169203331"],
  );
  assert.is(new Set(processed.map((span) => span.spanContext().traceId)).size, 3);
  for (const span of processed) {
    const { spanId, traceId } = span.parentSpanContext ?? { spanId: "", traceId: "" };
    assert.ok([...created.map((one) => one.spanContext().spanId), "b7ad6b7169203331"].includes(spanId));
    assert.is(traceId, span.spanContext().traceId);
    assert.equal(
      span.links.map((link) => link.context.spanId),
      [spanId],
    );
  }
});

test("each delivery has a child span for its settlement", async () => {
  const failing = actorOn("Settled-Actor", (event, { attempt }) => {
    if (event.getBody<string>() === "bad") throw attempt === 1 ? new TypeError("boom") : new RejectEvent("never");
  });
  await run([failing], new Event("Settled", "good"), new Event("Settled", "bad"));
  const deliveries = spans.getFinishedSpans().filter(({ name }) => name === "process Settled-Actor");
  const settlements = spans
    .getFinishedSpans()
    .filter(({ attributes }) => attributes["messaging.operation.type"] === "settle");
  assert.equal(settlements.map(({ name }) => name).sort(), [
    "abandon Settled-Actor",
    "commit Settled-Actor",
    "dead-letter Settled-Actor",
  ]);
  for (const settlement of settlements) {
    const within = deliveries.find((span) => span.spanContext().spanId === settlement.parentSpanContext?.spanId);
    assert.is(within?.attributes["messaging.message.id"], settlement.attributes["messaging.message.id"]);
    const time = ([s, ns]: readonly [number, number]): number => s * 1e9 + ns;
    assert.ok(time(settlement.startTime) >= time(within?.startTime ?? [Infinity, 0]), "it began before its delivery");
    assert.ok(time(settlement.endTime) >= time(settlement.startTime), "it ended before it began");
  }
});

test("a span processor that throws does not stop the hive", async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const outcomes: unknown[] = [];
  const logger = { ...silentLogger, error: ({ outcome }: { outcome?: unknown }) => void outcomes.push(outcome) };
  const reading = actorOn("Fragile-Reads", async (event) => void seen.push(event.getBody<number>()));
  await using hive = await createHive({ actors: reading, clock, logger });
  await hive.start();
  for (const [n, moment] of (["start", "end"] as const).entries()) {
    failing = moment;
    await hive.push(new Event("Fragile", n));
    await clock.advance(0);
    failing = undefined;
    await clock.advance(120_000);
  }
  assert.equal(seen, [0, 1]);
  assert.equal(outcomes, ["lease-lost", "committed"]);
  assert.equal(await hive.queue("Fragile-Reads").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
});

test("metrics without traces are counted and add no headers", async () => {
  trace.disable();
  try {
    const carried: unknown[] = [];
    await run([actorOn("Measured-Actor", ({ properties }) => void carried.push(properties))], new Event("Measured"));
    assert.equal(await points("messaging.client.sent.messages", "messaging.destination.name"), ["Measured: 1"]);
    assert.equal(carried, [{}]);
  } finally {
    trace.setGlobalTracerProvider(tracer);
  }
});

test("a provider names its messaging system; any other keeps its own name", () => {
  for (const module of [aws, azure]) registerProvider(module);
  assert.equal(["aws", "azure", "mine"].map(systemName), ["aws_sqs", "servicebus", "mine"]);
});

test("a batch is one span, linked to its events and continued by its outputs", async () => {
  const outputs: Event[] = [];
  await run(
    [
      batchOn("Batched-Works", (events) => [new Event("Followed", events.length)], {
        batch: { size: 2 },
        publishes: ["Followed"],
      }),
      actorOn("Followed-Works", (event) => void outputs.push(event)),
    ],
    new Event("Batched", 1),
    new Event("Batched", 2),
  );
  const all = spans.getFinishedSpans();
  const batches = all.filter(({ name }) => name === "process Batched-Works");
  const created = all.filter(({ name }) => name === "create Batched").map((span) => span.spanContext().spanId);
  assert.is(batches.length, 1);
  const [span] = batches as [ReadableSpan];
  assert.is(span.attributes["messaging.batch.message_count"], 2);
  assert.equal(span.links.map((link) => link.context.spanId).toSorted(), created.toSorted());
  assert.match(String(outputs[0]?.properties["traceparent"]), span.spanContext().spanId);
  assert.equal(await points("messaging.client.consumed.messages", "beehive.actor", "beehive.outcome"), [
    "TestActor committed: 1",
    "TestBatchActor committed: 2",
  ]);
});

test.run();
