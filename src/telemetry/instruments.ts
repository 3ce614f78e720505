import {
  createNoopMeter,
  metrics,
  trace,
  type Counter,
  type Histogram,
  type ObservableGauge,
  type Tracer,
  type UpDownCounter,
} from "@opentelemetry/api";

const scope = "beehive-actors";
/** The boundaries of the conventions, in seconds. */
const seconds = {
  explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
};
/** The boundaries of waits, which may be long, in seconds. */
const waits = {
  explicitBucketBoundaries: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400],
};

/** The counter of the API while no SDK is set up. */
const noCounter = createNoopMeter().createCounter("");

/** The tracer and the instruments of the SDK that is set up when the hive is made. */
export class Instruments {
  readonly tracer: Tracer = trace.getTracer(scope);
  readonly #meter = metrics.getMeter(scope);
  readonly sent: Counter = this.#meter.createCounter("messaging.client.sent.messages", {
    description: "Events published",
    unit: "{message}",
  });
  /** False when no metrics SDK is set up: callers then skip computing attributes. */
  readonly measuring: boolean = this.sent !== noCounter;
  readonly consumed: Counter = this.#meter.createCounter("messaging.client.consumed.messages", {
    description: "Events delivered to actors, by outcome",
    unit: "{message}",
  });
  readonly operation: Histogram = this.#meter.createHistogram("messaging.client.operation.duration", {
    description: "Time that a push took",
    unit: "s",
    advice: seconds,
  });
  readonly duration: Histogram = this.#meter.createHistogram("messaging.process.duration", {
    description: "Time an actor worked on an event",
    unit: "s",
    advice: seconds,
  });
  readonly inFlight: UpDownCounter = this.#meter.createUpDownCounter("beehive.in_flight", {
    description: "Events being worked on",
    unit: "{message}",
  });
  readonly behind: ObservableGauge = this.#meter.createObservableGauge("beehive.behind", {
    description: "Kept events that a subscription has not handled",
    unit: "{message}",
  });
  readonly parallelism: ObservableGauge = this.#meter.createObservableGauge("beehive.parallelism", {
    description: "Events that a subscription may work on at the same time in this process",
    unit: "{message}",
  });
  readonly lag: Histogram = this.#meter.createHistogram("beehive.lag", {
    description: "Time from an event's timestamp to its first delivery",
    unit: "s",
    advice: waits,
  });
}
