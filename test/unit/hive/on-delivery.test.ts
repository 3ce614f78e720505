import {
  actorDescription,
  createHive,
  Event,
  silentLogger,
  type DeliveryReport,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";

const test = suite("onDelivery");

@actorDescription("Ping-Pong", { publishes: ["Pong"], retry: { maxAttempts: 2, minDelay: 1_000 } })
class PongActor implements ProcessorActor {
  processAsync(event: Event): Event[] {
    if (event.getBody<string>() === "bad") throw new Error("no");
    return [new Event("Pong"), new Event("Noted", 1, { delivery: "log" })];
  }
}

test("onDelivery receives each outcome, with outputs or the error", async () => {
  const clock = new ManualClock();
  const reports: DeliveryReport[] = [];
  const hive = await createHive({
    actors: PongActor,
    clock,
    random: () => 0,
    logger: silentLogger,
    onDelivery: (report) => reports.push(report),
  });
  await hive.start();
  await hive.push(new Event("Ping", "good"));
  await clock.advance(0);
  await hive.push(new Event("Ping", "bad"));
  await clock.advance(1_000);
  assert.equal(
    reports.map(({ event, attempt, outcome, outputs, error }) => [
      event.queueName,
      event.getBody(),
      attempt,
      outcome,
      outputs.map(({ eventType, causationId }) => [eventType, causationId === event.id]),
      error instanceof Error ? error.message : error,
    ]),
    [
      [
        "Ping-Pong",
        "good",
        1,
        "committed",
        [
          ["Pong", true],
          ["Noted", true],
        ],
        undefined,
      ],
      ["Ping-Pong", "bad", 1, "retried", [], "no"],
      ["Ping-Pong", "bad", 2, "dead-lettered", [], "no"],
    ],
  );
  await hive.stop();
});

test("an observer that throws is logged, and deliveries go on", async () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const hive = await createHive({
    actors: PongActor,
    clock,
    logger: { ...silentLogger, error: (_fields, message) => void logged.push(message) },
    onDelivery: () => {
      throw new Error("not my day");
    },
  });
  await hive.start();
  await hive.push(new Event("Ping", "good"));
  await clock.advance(0);
  assert.equal(await hive.queue("Ping-Pong").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  assert.equal(logged, ["onDelivery failed"]);
  await hive.stop();
});

test("the rejection of an observer is logged", async () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const rejecting: () => unknown = () => Promise.reject(new Error("not my day"));
  const hive = await createHive({
    actors: PongActor,
    clock,
    logger: { ...silentLogger, error: (_fields, message) => void logged.push(message) },
    onDelivery: rejecting,
  });
  await hive.start();
  await hive.push(new Event("Ping", "good"));
  await clock.advance(0);
  assert.equal(logged, ["onDelivery failed"]);
  await hive.stop();
});

test.run();
