import * as assert from "uvu/assert";
import type { ActorClass } from "../../../../src/actors/actor.ts";
import { createHive } from "../../../../src/hive/hive.ts";
import { RejectEvent } from "../../../../src/base/errors.ts";
import { Event } from "../../../../src/events/event.ts";
import { MemoryJournal } from "../../../../src/journal/memory-journal.ts";
import { silentLogger } from "../../../../src/base/logger.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { TestHive } from "../../../../src/testing/test-hive.ts";
import { traceItem } from "../../../../src/journal/trace/trace-item.ts";
import { branchesOf, traceText, type Trace } from "../../../../src/journal/trace/trace.ts";
import { assertGolden } from "../../../support/golden.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";
import { entry } from "../entries.ts";

const test = suite("hive.trace");

const subject = (event: Event): string | undefined => event.getBody<{ orderId?: string }>().orderId;
const of = (orderId: string): { readonly orderId: string } => ({ orderId });
/** Returns the trace without the durations of actors, which differ from run to run. */
const steady = (trace: Trace): string => traceText(trace).replaceAll(/took [\d.]+ m?s/g, "took N ms");
const states = (trace: Trace): string[] =>
  [...branchesOf(trace.roots)].map(({ queueName, state }) => `${queueName} ${state}`);

/** Returns an `actor` with a name. */
function named(name: string, ...description: Parameters<typeof actor>): ActorClass {
  return Object.defineProperty(actor(...description), "name", { value: name });
}

/** A shop in which each possible way of an event occurs once. */
const shop = [
  named("PaymentActor", "Accepted-Payment", (event, { attempt }) => {
    if (attempt === 1) throw new TypeError("the bank is asleep");
    return [new Event("Paid", event.getBody()), new Event("Noted", event.getBody(), { delivery: "log" })];
  }),
  named(
    "ShippingActor",
    "Paid-Shipping",
    (event, { clock }) => [
      new Event("Reminder", event.getBody(), {
        queueName: "Reminders",
        enqueueTime: new Date(clock.now() + 86_400_000),
      }),
    ],
    { publishes: ["Reminders-Reminders", "Noted"] },
  ),
  named("EmailActor", "Paid-Email", () => {
    throw new RejectEvent("no address");
  }),
  named("ReminderActor", "Reminders", () => []),
];

test("events of two sources under one id have attempts of their own", async () => {
  const reads = named("ReadActor", "Reading-Read", (event) => [new Event("Stored", event.properties["source"])]);
  const stores = named("StoreActor", "Stored-Store", (event) => {
    if (event.getBody() === "/b") throw new RejectEvent("full");
    return [];
  });
  await using hive = await TestHive.start({ actors: [reads, stores], journal: true });
  await hive.push(["/a", "/b"].map((source) => new Event("Reading", 1, { id: "1", properties: { source } })));
  await hive.settle();
  const { roots } = await hive.hive.trace("1");
  assert.equal(
    roots.map(({ id, branches }) => [id, branches.length, branches[0]?.attempts.length]),
    [
      ["1 from /a", 1, 1],
      ["1 from /b", 1, 1],
    ],
  );
  assert.equal(
    roots.map((root) => [...branchesOf([root])].map(({ queueName, state }) => `${queueName} ${state}`)),
    [
      ["Reading-Read done", "Stored-Store done"],
      ["Reading-Read done", "Stored-Store dead-lettered"],
    ],
  );
  assert.equal((await hive.hive.trace("1 from /b")).roots.length, 1);
});

test("a business id shows the history and the place of every event", async () => {
  await using hive = await TestHive.start({ actors: shop, journal: { subject } });
  await hive.push([
    new Event("Accepted", of("1042"), { id: "accepted-1042" }),
    new Event("Accepted", of("7"), { id: "accepted-7" }),
  ]);
  await hive.advance(1_000);
  await assertGolden("trace.txt", steady(await hive.hive.trace("1042")));
});

test("an event id, correlation id and partition key give the same tree", async () => {
  const actors = [actor("A-Reader", (event) => [new Event("B", event.getBody())]), actor("B-Reader", () => [])];
  await using hive = await TestHive.start({ actors });
  await hive.push(new Event("A", {}, { id: "event", correlationId: "correlation", partitionKey: "partition" }));
  await hive.settle();
  const byEvent = steady(await hive.hive.trace("event"));
  assert.match(byEvent, "2 done");
  assert.is(steady(await hive.hive.trace("correlation")), byEvent);
  assert.is(steady(await hive.hive.trace("partition")), byEvent);
});

test("an event with two business ids is found by either", async () => {
  const journal = new MemoryJournal(100);
  journal.append(entry({ subject: "customer-7" }));
  const attempt = { queueName: "OrderAccepted-Pay", actor: "Pay", attempt: 1, outcome: "committed" } as const;
  journal.append(entry({ ...attempt, time: 1_001, subject: "1042" }));
  for (const name of ["customer-7", "1042"]) {
    const { roots } = await traceItem(name, { journal, descriptors: [], now: 2_000 });
    assert.equal(
      roots.map(({ id, subject: called, cut }) => [id, called, cut]),
      [["1", name, undefined]],
    );
  }
});

test("an event in the middle shows its cause and its results", async () => {
  const actors = [actor("A-Reader", () => [new Event("B", {}, { id: "b" })]), actor("B-Reader", () => [])];
  await using hive = await TestHive.start({ actors });
  await hive.push(new Event("A", {}, { id: "a" }));
  await hive.settle();
  const trace = await hive.hive.trace("b");
  assert.equal(
    trace.roots.map(({ id, causationId }) => [id, causationId]),
    [["b", "a"]],
  );
  assert.match(traceText(trace), /^after a:\nB b /);
});

test("an event with three subscriptions has three branches", async () => {
  const actors = ["One", "Two", "Three"].map((name) => actor(`Wide-${name}`, () => []));
  await using all = await createHive({ actors, logger: silentLogger });
  await all.setup();
  await using one = await createHive({ actors: actors[0] ?? [], provider: all.provider, logger: silentLogger });
  await one.start();
  await one.push(new Event("Wide", {}, { id: "1" }));
  await one.whenIdle();
  const { journal } = one;
  if (!journal) throw new Error("it keeps no journal");
  const traced = (queues?: typeof all.provider.queues): Promise<Trace> =>
    traceItem("1", { journal, descriptors: all.descriptors, now: 0, queues });
  assert.equal(states(await traced(all.provider.queues)), ["Wide-One done", "Wide-Three waiting", "Wide-Two waiting"]);
  assert.equal(states(await traced()), ["Wide-One done", "Wide-Three waiting", "Wide-Two waiting"]);
});

test("the state follows work, retry, dead letter and requeue", async () => {
  let finish = (): void => {};
  const failing = actor(
    "Hard-Actor",
    async (_event, { attempt }) => {
      if (attempt === 1) throw new Error("not yet");
      if (attempt === 2) await new Promise<void>((resolve) => (finish = resolve));
      throw new RejectEvent("never");
    },
    { parallelism: 1, retry: { minDelay: 1_000, maxDelay: 1_000 } },
  );
  await using hive = await TestHive.start({ actors: failing });
  const now = async (): Promise<string[]> => states(await hive.hive.trace("1"));
  await hive.push(new Event("Hard", {}, { id: "1" }));
  await hive.advance(0);
  assert.equal(await now(), ["Hard-Actor delayed"]);
  await hive.advance(1_000);
  await hive.push(new Event("Hard", {}, { id: "waits for its turn" }));
  assert.equal(await now(), ["Hard-Actor working"]);
  assert.equal(states(await hive.hive.trace("waits for its turn")), ["Hard-Actor waiting"]);
  finish();
  await hive.advance(0);
  assert.equal(await now(), ["Hard-Actor dead-lettered"]);
  await hive.hive.queue("Hard-Actor").drop("1");
  assert.equal(await now(), ["Hard-Actor requeued-or-dropped"]);
  assert.equal(states(await hive.hive.trace("1", { live: false })), ["Hard-Actor dead-lettered"]);
});

test("a cancelled and a purged event are not said to wait", async () => {
  await using hive = await TestHive.start({ actors: [actor("Remind-R", () => [])] });
  const delayed = (id: string) => new Event("Remind", {}, { id, delay: "1h", cancelKey: `key-${id}` });
  const now = async (): Promise<string[]> =>
    (await Promise.all(["1", "2"].map((id) => hive.hive.trace(id)))).flatMap(states);
  await hive.push([delayed("1"), delayed("2")]);
  assert.equal(await now(), ["Remind-R delayed", "Remind-R delayed"]);
  await hive.hive.cancel({ key: "key-1" });
  assert.equal(await now(), ["Remind-R absent", "Remind-R delayed"]);
  const text = traceText(await hive.hive.trace("1"));
  assert.match(text, "R: not in its queue: cancelled or purged\n");
  assert.not.match(text, "delayed");
  await hive.hive.queue("Remind-R").purge({ by: "ada" });
  assert.equal(await now(), ["Remind-R absent", "Remind-R absent"]);
});

test("a cancelled event that would be due waits no more among others", async () => {
  await using hive = await createHive({ actors: actor("Remind-R", () => []), logger: silentLogger });
  await hive.setup();
  await hive.push(["1", "2"].map((id) => new Event("Remind", {}, { id })));
  await hive.cancel({ id: "1" });
  assert.equal(states(await hive.trace("1")), ["Remind-R unknown"]);
  assert.equal(states(await hive.trace("2")), ["Remind-R waiting"]);
});

test("an event done outside of this journal has an unknown state", async () => {
  const actors = actor("Quick-Actor", () => []);
  await using silent = await createHive({ actors, logger: silentLogger, journal: false });
  await using talkative = await createHive({ actors, provider: silent.provider, logger: silentLogger });
  await silent.start();
  await talkative.push(new Event("Quick", {}, { id: "1" }));
  await silent.whenIdle();
  assert.equal(states(await talkative.trace("1")), ["Quick-Actor unknown"]);
});

test("an event older than the journal has unknown branches", async () => {
  const journal = new MemoryJournal(100);
  const attempt = { timestamp: 500, attempt: 1, outcome: "committed", actor: "TestActor" } as const;
  journal.append(entry({ eventId: "other", time: 1_000 }));
  journal.append(entry({ ...attempt, eventId: "1", queueName: "Wide-One", time: 2_000 }));
  journal.append(entry({ ...attempt, eventId: "2", queueName: "Wide-Two", time: 2_000 }));
  const trace = await traceItem("1", { journal, descriptors: [], now: 3_000 });
  assert.equal(states(trace), ["Wide-One done", "Wide-Two unknown"]);
  assert.match(traceText(trace), "the journal goes back to 1970-01-01T00:00:01.000Z");
});

test("other business ids are named and not followed", async () => {
  const actors = [
    actor("Delivered-Unpark", () => ["1", "2"].map((id) => new Event("Resumed", of(id)))),
    actor("Resumed-Ship", (event) => [new Event("Shipped", event.getBody())]),
    actor("Shipped-Email", () => []),
  ];
  await using hive = await TestHive.start({ actors, journal: { subject } });
  await hive.push(new Event("Delivered", of("1"), { correlationId: "1" }));
  await hive.settle();
  const first = await hive.hive.trace("1");
  assert.equal(states(first), ["Delivered-Unpark done", "Resumed-Ship done", "Shipped-Email done"]);
  assert.match(traceText(first), "(of 2)");
  assert.is(first.roots.length, 1);
  const second = await hive.hive.trace("2");
  assert.equal(states(second), ["Resumed-Ship done", "Shipped-Email done"]);
  assert.is(second.roots.length, 1);
});

test("an event that two attempts published appears once", async () => {
  const journal = new MemoryJournal(100);
  const outputs = [{ id: "b", eventType: "B", destination: "B-", dueAt: undefined }];
  const step = {
    eventId: "a",
    eventType: "A",
    queueName: "A-Reader",
    actor: "A",
    outcome: "committed",
    outputs,
  } as const;
  journal.append(entry({ eventId: "a", eventType: "A", queueName: "A-" }));
  journal.append(entry({ ...step, attempt: 1, time: 1_001 }));
  journal.append(entry({ ...step, attempt: 2, time: 1_002 }));
  const trace = await traceItem("a", { journal, descriptors: [], now: 3_000 });
  assert.equal(
    trace.roots[0]?.branches[0]?.attempts.map((attempt) => attempt.outputs.map(({ id, cut }) => [id, cut])),
    [[["b", undefined]], [["b", "shown"]]],
  );
});

test("an endless chain is cut where its text is still readable", async () => {
  const journal = new MemoryJournal(10_000);
  for (let n = 0; n < 5_000; n++) {
    const outputs = [{ id: `${n + 1}`, eventType: "Tick", destination: "Tick-", dueAt: undefined }];
    const place = {
      eventType: "Tick",
      queueName: "Tick-Tock",
      actor: "Tick",
      attempt: 1,
      outcome: "committed",
    } as const;
    journal.append(
      entry({ ...place, eventId: `${n}`, time: 1_000 + n, timestamp: 1_000 + n, outputs, correlationId: "c" }),
    );
  }
  const trace = await traceItem("0", { journal, descriptors: [], now: 10_000 });
  assert.match(traceText(trace), "goes on, trace it by its id");
  assert.ok(JSON.stringify(trace).length > 0);
  assert.is([...branchesOf((await traceItem("c", { journal, descriptors: [], now: 10_000 })).roots)].length, 5_001);
});

test("an unknown id is reported with the start of the journal", async () => {
  await using hive = await TestHive.start({ actors: shop });
  assert.match(
    traceText(await hive.hive.trace("nobody")),
    'No event, correlation id or business id is called "nobody"',
  );
});

test("a hive without a journal explains how to get one", async () => {
  await using hive = await createHive({ actors: shop, journal: false, logger: silentLogger });
  const error = await throwsCode("InvalidState", () => hive.trace("1"));
  assert.match(error.message, "journal: true");
});

test.run();
