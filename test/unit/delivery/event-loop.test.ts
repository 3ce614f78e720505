/** Actors that compute for longer than their lease: it cannot be renewed meanwhile. */
import { createHive, Event, silentLogger, type ActorContext, type ActorOptions, type DeadLetter } from "beehive-actors";
import * as assert from "uvu/assert";
import type { ActorOutput, ProcessorActor } from "../../../src/actors/actor.ts";
import { longestHold, ranSince } from "../../../src/base/event-loop.ts";
import { subscribe } from "../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../support/suite.ts";

const test = suite("an event loop that is held");

function compute(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

type Work = (event: Event, context: ActorContext) => ActorOutput | Promise<ActorOutput>;

/** Returns the warnings about an actor that loses its lease once, and the letter of its event. */
async function lose(work: Work, options: ActorOptions = {}): Promise<{ warnings: string[]; letter: DeadLetter }> {
  class Reckoner implements ProcessorActor {
    processAsync(event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
      return work(event, context);
    }
  }
  subscribe(Reckoner, "Sum-Reckon", { lease: 200, retry: { maxAttempts: 1 }, ...options });
  const warnings: string[] = [];
  const warn = ({ err }: { err?: Error }): void => void warnings.push(String(err?.message));
  await using hive = await createHive({ actors: Reckoner, logger: { ...silentLogger, warn } });
  await hive.start();
  await hive.push(new Event("Sum", 1));
  await hive.whenIdle();
  for await (const letter of hive.queue("Sum-Reckon").deadLetters()) return { warnings, letter };
  throw new Error("there is no dead letter");
}

const held =
  /Reckoner held the event loop for \d{3} ms without a break, so that its lease of 200 ms could not be renewed/;

test("a computation before the first await names its actor in the letter", async () => {
  const { warnings, letter } = await lose(() => compute(300));
  assert.match(letter.reason, held);
  assert.match(letter.reason, /setImmediate.*worker thread.*longer lease/);
  assert.match(warnings[0] ?? "", held);
});

test("a computation in a generator names its actor in the letter", async () => {
  const { letter } = await lose(function* () {
    compute(300);
    yield new Event("Pong");
  });
  assert.match(letter.reason, held);
});

test("a computation after an await names the subscriptions at work", async () => {
  const { letter } = await lose(async () => {
    await new Promise(setImmediate);
    compute(300);
  });
  assert.match(
    letter.reason,
    /an actor of this process \(at work were Sum-Reckon\) held the event loop for \d+ ms without a break/,
  );
});

test("a lease lost to a computation carries the reason", async () => {
  const { warnings } = await lose(async () => {
    compute(300);
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
  assert.match(warnings[0] ?? "", held);
});

test("short runs are not remembered; of long runs the longest is", () => {
  const start = performance.now() + 1e6;
  ranSince(performance.now() - 10, "Short");
  assert.is(longestHold(start), undefined);
  const since = performance.now();
  ranSince(since - 200, undefined);
  ranSince(since - 80, "Long");
  ranSince(since - 90, "Longer");
  assert.is(longestHold(since)?.by, "Longer", "whoever is known says more than that timers were late");
});

test.run();
