import { actorDescription, Event, silentLogger, timeout, type ActorContext, type ProcessorActor } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("timeout");
let aborted: unknown[] = [];

@actorDescription("Ping-Slow", { middleware: [timeout("5s")], retry: { maxAttempts: 2 }, publishes: ["Pong"] })
class SlowActor implements ProcessorActor {
  async processAsync(event: Event, { clock, signal }: ActorContext): Promise<Event[]> {
    signal.addEventListener("abort", () => aborted.push(signal.reason));
    await new Promise<void>((resolve) => clock.after(event.getBody<number>(), resolve));
    return [new Event("Pong")];
  }
}

test("a run within the timeout commits and leaves no timer", async () => {
  const hive = await TestHive.start({ actors: SlowActor });
  await hive.push(new Event("Ping", 4_999));
  await hive.settle();
  assert.is(String(hive.tree()), "Ping\n  Slow: SlowActor → committed\n    Pong (read by nobody)\n");
  await hive.stop();
  assert.is(hive.clock.pending, 0);
});

test("a run beyond the timeout fails, is aborted and publishes nothing", async () => {
  aborted = [];
  const hive = await TestHive.start({ actors: SlowActor });
  await hive.push(new Event("Ping", 6_000));
  await hive.settle();
  await hive.advance(60_000);
  assert.is(
    String(hive.tree()),
    `Ping
  Slow: SlowActor → retried: SlowActor worked on <id> for more than 5000 ms.
  Slow: SlowActor, attempt 2 → dead-lettered: SlowActor worked on <id> for more than 5000 ms.
`,
  );
  assert.equal(
    aborted.map((reason) => (reason as { code: string }).code),
    ["Timeout", "Timeout"],
  );
  await hive.stop();
});

test("log lines of an actor under a timeout carry its event", async () => {
  const lines: object[] = [];
  @actorDescription("Ping-Logging", { middleware: [timeout(5_000)] })
  class LoggingActor implements ProcessorActor {
    processAsync(_event: Event, { logger, attempt }: ActorContext): void {
      logger.info({ attempt }, "here");
    }
  }
  const logger = { ...silentLogger, info: (fields: object) => void lines.push(fields) };
  const hive = await TestHive.start({ actors: LoggingActor, logger });
  await hive.push(new Event("Ping", 1, { id: "1" }));
  await hive.settle();
  assert.equal(
    lines.map((line) => [(line as { eventId?: string }).eventId, (line as { attempt?: number }).attempt]),
    [["1", 1]],
  );
  await hive.stop();
});

test("a timeout ends a generator without an end", async () => {
  let open = 0;
  @actorDescription("Ping-Endless", { middleware: [timeout(5_000)], retry: { maxAttempts: 2 } })
  class EndlessActor implements ProcessorActor {
    async *processAsync(_event: Event, { clock }: ActorContext): AsyncGenerator<Event> {
      open++;
      try {
        for (;;) {
          await new Promise<void>((resolve) => clock.after(100, resolve));
          yield new Event("Pong");
        }
      } finally {
        open--;
      }
    }
  }
  const hive = await TestHive.start({ actors: EndlessActor });
  await hive.push(new Event("Ping"));
  await hive.settle();
  await hive.advance(200);
  assert.match((await hive.deadLetters("Ping-Endless"))[0]?.reason ?? "", "for more than 5000 ms");
  assert.is(open, 0);
  await hive.stop();
});

test.run();
