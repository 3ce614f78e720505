import { actorDescription, createHive, Event, silentLogger, type Logger, type ProcessorActor } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("log events");

@actorDescription("OrderAccepted-Payment", { publishes: ["PaymentAuthorised"] })
class PaymentActor implements ProcessorActor {
  processAsync(): Event[] {
    return [
      new Event("PaymentAttempted", { amount: 3 }, { delivery: "log" }),
      new Event("PaymentAuthorised"),
      new Event("PaymentMeasured", { ms: 4 }, { delivery: "log" }),
    ];
  }
}

@actorDescription("PaymentAttempted-Audit")
class AuditActor implements ProcessorActor {
  processAsync(): void {}
}

function warnings(): Logger & { readonly lines: { fields: object; message: string }[] } {
  const lines: { fields: object; message: string }[] = [];
  return { ...silentLogger, lines, warn: (fields, message) => void lines.push({ fields, message }) };
}

test("log events without a topic are counted in a warning", async () => {
  const logger = warnings();
  const hive = await TestHive.start({ actors: PaymentActor, logger });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is((await hive.hive.queue("OrderAccepted-Payment").counts()).dead, 0);
  assert.match(String(hive.tree()), "PaymentActor → committed");
  await hive.stop();
  assert.is(logger.lines.length, 1);
  assert.is(logger.lines[0]?.message, "log events could not be sent and are lost");
  assert.equal(logger.lines[0]?.fields, { ...logger.lines[0]?.fields, events: 2 });
});

test("log events with a reader are delivered like any other", async () => {
  @actorDescription("PaymentMeasured-Meter")
  class MeterActor extends AuditActor {}
  const hive = await TestHive.start({ actors: [PaymentActor, AuditActor, MeterActor] });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is(
    String(hive.tree()),
    `OrderAccepted
  Payment: PaymentActor → committed
    PaymentAttempted (log)
      Audit: AuditActor → committed
    PaymentAuthorised (read by nobody)
    PaymentMeasured (log)
      Meter: MeterActor → committed
`,
  );
  await hive.stop();
});

test("a step does not wait for its log events", async () => {
  const logger = warnings();
  let sending = 0;
  const hive = await TestHive.start({ actors: [PaymentActor, AuditActor], logger });
  const provider = hive.hive.provider.queues;
  const push = provider.push.bind(provider);
  provider.push = async (events) => {
    if (events.every(({ delivery }) => delivery === "business")) return await push(events);
    sending++;
    await new Promise<void>((resolve) => hive.clock.after(60_000, resolve));
  };
  const start = hive.clock.now();
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is(sending, 1);
  assert.is(hive.clock.now(), start);
  await hive.stop();
});

test("a failed step sends no log events", async () => {
  @actorDescription("OrderAccepted-Failing", { retry: { maxAttempts: 1 } })
  class FailingActor implements ProcessorActor {
    async *processAsync(): AsyncGenerator<Event> {
      yield new Event("PaymentAttempted", 1, { delivery: "log" });
      throw new Error("no");
    }
  }
  const hive = await TestHive.start({ actors: [FailingActor, AuditActor] });
  await hive.push(new Event("OrderAccepted"));
  await hive.settle();
  assert.is(String(hive.tree()), "OrderAccepted\n  Failing: FailingActor → dead-lettered: no\n");
  await hive.stop();
});

test("a push succeeds when its log event cannot be sent", async () => {
  const logger = warnings();
  const provider = new MemoryProvider();
  const hive = await TestHive.start({ actors: AuditActor, logger, provider });
  await hive.push([new Event("Unheard", 1, { delivery: "log" }), new Event("PaymentAttempted", 1)]);
  await hive.settle();
  await hive.stop();
  await provider.close();
  assert.is(logger.lines.length, 1);
});

test("an error before the set-up names no topic of a log event", async () => {
  await using hive = await createHive({ actors: [PaymentActor, AuditActor], logger: silentLogger });
  const lost = new Event("PaymentAttempted", { amount: 3 }, { delivery: "log" });
  const error = await throwsCode("QueueNotFound", () => hive.push([lost, new Event("Elsewhere")]));
  assert.not.match(error.message, "PaymentAttempted");
});

test.run();
