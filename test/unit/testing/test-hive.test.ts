import {
  actorDescription,
  Event,
  PauseSubscription,
  pulse,
  RejectEvent,
  type ActorContext,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("TestHive");
const year = 365 * 24 * 60 * 60 * 1000;

@actorDescription("OrderAccepted-Reminder", { publishes: ["OrderForgotten"] })
class ReminderActor implements ProcessorActor {
  processAsync(_event: Event, { clock }: ActorContext): Event[] {
    return [new Event("OrderForgotten", undefined, { enqueueTime: new Date(clock.now() + year) })];
  }
}

@actorDescription("OrderForgotten-Archive")
class ArchiveActor implements ProcessorActor {
  processAsync(): void {}
}

test("settle passes a delay of a year in no time", async () => {
  const hive = await TestHive.start({ actors: [ReminderActor, ArchiveActor] });
  const start = hive.clock.now();
  const real = performance.now();
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();

  assert.ok(hive.clock.now() >= start + year);
  assert.ok(performance.now() - real < 1_000);
  assert.is(
    String(hive.tree()),
    `OrderAccepted
  Reminder: ReminderActor → committed
    OrderForgotten
      Archive: ArchiveActor → committed
`,
  );
  await hive.stop();
});

test("settle names the events that wait beyond its bound", async () => {
  const hive = await TestHive.start({ actors: [ReminderActor, ArchiveActor] });
  await hive.push(new Event("OrderAccepted"));
  const error = await failureOf(hive.settle({ within: year / 2 }));
  assert.match(error.message, "did not settle within 182.5 days of virtual time");
  assert.match(error.message, "OrderForgotten-Archive (ArchiveActor): 0 ready, 0 leased, 1 delayed");
  await hive.stop();
});

test("settling an idle hive takes no time", async () => {
  const hive = await TestHive.start({ actors: ArchiveActor, pulsers: [pulse("OrderForgotten", { every: 1_000 })] });
  const start = hive.clock.now();
  await hive.settle();
  assert.is(hive.clock.now(), start);
  assert.is(String(hive.tree()), "");
  await hive.stop();
});

@actorDescription("Ping-Echo")
class EchoActor implements ProcessorActor {
  processAsync(): Event[] {
    return [new Event("Ping")];
  }
}

test("settle gives up on an endless cascade and names it", async () => {
  const hive = await TestHive.start({ actors: EchoActor });
  await hive.push(new Event("Ping"));
  const error = await failureOf(hive.settle({ deliveries: 100 }));
  assert.match(error.message, "within 100 deliveries");
  assert.match(error.message, "Ping-Echo (EchoActor)");
  await hive.stop();
});

@actorDescription("Ping-Stuck")
class StuckActor implements ProcessorActor {
  processAsync(): Promise<void> {
    return new Promise(() => {});
  }
}

test("settle and stop report an actor that never ends", async () => {
  const hive = await TestHive.start({ actors: StuckActor });
  await hive.push(new Event("Ping"));
  const error = await failureOf(hive.settle({ within: 60_000 }));
  assert.match(error.message, "Ping-Stuck (StuckActor): 0 ready, 1 leased, 0 delayed");
  await hive.stop();
});

@actorDescription("Ping-Slow", { parallelism: 1 })
class SlowActor implements ProcessorActor {
  async processAsync(_event: Event, { clock }: ActorContext): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => clock.after(45_000, resolve));
    for (let turn = 0; turn < 1_000; turn++) await Promise.resolve();
  }
}

test("awaiting turns, time and promises costs no second attempt", async () => {
  const hive = await TestHive.start({ actors: SlowActor });
  const start = hive.clock.now();
  await hive.push([new Event("Ping"), new Event("Ping"), new Event("Ping")]);
  await hive.settle();
  assert.is(String(hive.tree()), "Ping\n  Slow: SlowActor → committed\n".repeat(3));
  assert.is(hive.clock.now(), start + 3 * 45_000);
  await hive.stop();
});

@actorDescription("OrderAccepted-Payment", { retry: { maxAttempts: 3, minDelay: 60_000 } })
class FlakyActor implements ProcessorActor {
  processAsync(event: Event, { attempt }: ActorContext): Event[] {
    if (attempt < 3) throw new Error(`no answer to ${event.id} at ${new Date().toISOString()}`);
    return [new Event("PaymentAuthorised"), new Event("PaymentNoted", undefined, { delivery: "log" })];
  }
}

@actorDescription("PaymentAuthorised-Shipping")
class RefusingActor implements ProcessorActor {
  processAsync(): void {
    throw new RejectEvent("nobody lives there");
  }
}

@actorDescription("OrderAccepted-Audit", { publishes: ["Audits", "PaymentNoted"] })
class AuditActor implements ProcessorActor {
  processAsync(event: Event): Event[] {
    return [event.clone({ queueName: "Audits-Audits" })];
  }
}

@actorDescription("Audits")
class AuditsActor implements ProcessorActor {
  processAsync(): void {}
}

const actors = [FlakyActor, RefusingActor, AuditActor, AuditsActor];
const golden = `OrderAccepted
  Audit: AuditActor → committed
    OrderAccepted (to Audits)
      Audits: AuditsActor → committed
  Payment: FlakyActor → retried: no answer to <id> at <time>
  Payment: FlakyActor, attempt 2 → retried: no answer to <id> at <time>
  Payment: FlakyActor, attempt 3 → committed
    PaymentAuthorised
      Shipping: RefusingActor → dead-lettered: nobody lives there
    PaymentNoted (log, read by nobody)
`;

test("the tree shows retries, dead letters, queues and log events", async () => {
  const hive = await TestHive.start({ actors });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is(String(hive.tree()), golden);
  const [letter, ...more] = await hive.deadLetters("PaymentAuthorised-Shipping");
  assert.is(letter?.reason, "nobody lives there");
  assert.is(more.length, 0);
  await hive.stop();
});

test("the order of actors does not change the tree", async () => {
  const hive = await TestHive.start({ actors: [...actors].reverse() });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is(String(hive.tree()), golden);
  await hive.stop();
});

test("the tree is readable as an object", async () => {
  const hive = await TestHive.start({ actors });
  await hive.push(new Event("OrderAccepted", { orderId: "1" }));
  await hive.settle();
  const [root] = hive.tree().roots;
  assert.equal(root?.event.getBody(), { orderId: "1" });
  assert.equal(
    root?.deliveries.map(({ actor, attempt, outcome }) => [actor, attempt, outcome]),
    [
      ["AuditActor", 1, "committed"],
      ["FlakyActor", 1, "retried"],
      ["FlakyActor", 2, "retried"],
      ["FlakyActor", 3, "committed"],
    ],
  );
  assert.is(root?.deliveries[3]?.outputs[0]?.event.causationId, root?.event.id);
  await hive.stop();
});

test("a push to a missing queue fails as in any hive", async () => {
  const hive = await TestHive.start({ actors: ArchiveActor });
  const error = await failureOf(hive.push(new Event("Unheard")));
  assert.match(error.message, 'There is no topic "Unheard-"');
  await hive.stop();
});

@actorDescription("Ping-Broken", { parallelism: 1 })
class PausedActor implements ProcessorActor {
  static broken = true;
  processAsync(): void {
    if (PausedActor.broken) throw new PauseSubscription(60_000, "no electricity");
  }
}

test("advance runs what falls due and no more", async () => {
  const hive = await TestHive.start({ actors: PausedActor });
  await hive.push(new Event("Ping"));
  await hive.advance("2m");
  PausedActor.broken = false;
  await hive.advance(60_000);
  assert.is(
    String(hive.tree()),
    `Ping
  Broken: PausedActor → abandoned: no electricity
  Broken: PausedActor → abandoned: no electricity
  Broken: PausedActor → abandoned: no electricity
  Broken: PausedActor → committed
`,
  );
  await hive.stop();
});

@actorDescription("Ping-Fatal", { supervision: [{ on: Error, action: "stop" }] })
class FatalActor implements ProcessorActor {
  processAsync(): void {
    throw new Error("no way on");
  }
}

test("settle ends when supervision stops the hive", async () => {
  const hive = await TestHive.start({ actors: FatalActor });
  await hive.push(new Event("Ping"));
  await hive.settle();
  assert.is((await failureOf(hive.hive.whenStopped())).message, "no way on");
  await hive.stop();
});

test("a clock of the test is used", async () => {
  const clock = new ManualClock(new Date("2024-02-29T12:00:00Z"));
  const seen: string[] = [];
  @actorDescription("Ping-Clock")
  class ClockActor implements ProcessorActor {
    processAsync(_event: Event, context: ActorContext): void {
      seen.push(new Date(context.clock.now()).toISOString());
    }
  }
  const hive = await TestHive.start({ actors: ClockActor, clock });
  await hive.push(new Event("Ping"));
  await hive.settle();
  assert.equal(seen, ["2024-02-29T12:00:00.000Z"]);
  await hive.stop();
});

test("a kept topic is read from its log", async () => {
  const hive = await TestHive.start({ actors: [ArchiveActor], keep: { "OrderForgotten-": "30d" } });
  await hive.push(new Event("OrderForgotten", "1042"));
  await hive.settle();

  const kept: unknown[] = [];
  for await (const { event } of hive.hive.log("OrderForgotten").read()) kept.push(event.getBody());
  assert.equal(kept, ["1042"]);
  await hive.stop();
});

test("a context that a middleware spreads keeps its logger and signal", async () => {
  const seen: unknown[] = [];
  class Spread implements ProcessorActor {
    processAsync(_event: Event, { attempt, logger, signal, stores, atomic }: ActorContext): void {
      seen.push(attempt, typeof logger.info, signal.aborted, typeof stores.counters, atomic);
    }
  }
  actorDescription("OrderAccepted-Spread", {
    middleware: [(_event, context, next) => next({ ...context, attempt: 7 })],
  })(Spread);
  const hive = await TestHive.start({ actors: [Spread] });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();

  assert.equal(seen, [7, "function", false, "object", true]);
  await hive.stop();
});

test.run();
