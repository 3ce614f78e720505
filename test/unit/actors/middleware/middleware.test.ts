import { actorDescription, Event, type Middleware, type ProcessorActor } from "beehive-actors";
import { given, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("middleware");

function logging(lines: string[], name: string): Middleware {
  return async (_event, _context, next) => {
    lines.push(`${name} in`);
    const events = await next();
    lines.push(`${name} out`);
    return events;
  };
}

const lines: string[] = [];

@actorDescription("Ping-Wrapped", {
  publishes: ["Pong"],
  middleware: [logging(lines, "outer"), logging(lines, "inner")],
})
class WrappedActor implements ProcessorActor {
  processAsync(): Event[] {
    lines.push("actor");
    return [new Event("Pong", 1)];
  }
}

test("middleware of the hive wraps that of the actor, the first outermost", async () => {
  lines.length = 0;
  await given()
    .when(new Event("Ping"), WrappedActor, { defaults: { middleware: [logging(lines, "hive")] } })
    .then([new Event("Pong", 1)]);
  assert.equal(lines, ["hive in", "outer in", "inner in", "actor", "inner out", "outer out", "hive out"]);
});

test("outputs that a middleware changes are published", async () => {
  const doubling: Middleware = async (_event, _context, next) => [...(await next()), new Event("Pong", 2)];
  await given()
    .when(new Event("Ping"), WrappedActor, { defaults: { middleware: [doubling] } })
    .then([new Event("Pong", 1), new Event("Pong", 2)]);
});

test("an actor does not run when its middleware does not call next", async () => {
  lines.length = 0;
  const refusing: Middleware = () => [];
  await given()
    .when(new Event("Ping"), WrappedActor, { defaults: { middleware: [refusing] } })
    .then([]);
  assert.equal(lines, []);
});

test("a middleware that throws fails the step", async () => {
  const broken: Middleware = () => {
    throw new Error("not today");
  };
  const hive = await TestHive.start({
    actors: WrappedActor,
    defaults: { middleware: [broken], retry: { maxAttempts: 2 } },
  });
  await hive.push(new Event("Ping"));
  await hive.settle();
  const [letter] = await hive.deadLetters("Ping-Wrapped");
  assert.is(letter?.reason, "failed 2 times, the last with: not today");
  await hive.stop();
});

test.run();
