import { actor, createHive, eventType, openProvider, silentLogger, type Hive, type HiveOptions } from "beehive-actors";
import * as assert from "uvu/assert";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { failureOf } from "../../support/failure.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the outcome of a process");

const OrderPlaced = eventType<{ id: string; ends: "shipped" | "cancelled" | "never" | "fails" }>("OrderPlaced");
const OrderPaid = eventType<{ id: string; ends: "shipped" | "cancelled" | "never" | "fails" }>("OrderPaid");
const OrderShipped = eventType<{ id: string }>("OrderShipped");
const OrderCancelled = eventType<{ id: string }>("OrderCancelled");

const Payment = actor("OrderPlaced-Payment", OrderPlaced, { publishes: [OrderPaid] }, async ({ body }) => [
  OrderPaid.create(body),
]);
const Shipping = actor(
  "OrderPaid-Shipping",
  OrderPaid,
  { publishes: [OrderShipped, OrderCancelled], retry: { maxAttempts: 1 } },
  async ({ body: { id, ends } }) => {
    if (ends === "fails") throw new Error("no");
    if (ends === "shipped") return [OrderShipped.create({ id })];
    return ends === "cancelled" ? [OrderCancelled.create({ id })] : [];
  },
);
const actors = [Payment, Shipping];
const of = [OrderShipped, OrderCancelled];

async function running(options: HiveOptions = {}): Promise<Hive> {
  const hive = await createHive({ actors, logger: silentLogger, ...options });
  await hive.start();
  return hive;
}

test("it is the event that ended the process, by id and by correlation id", async () => {
  await using hive = await running();
  const shipped = OrderPlaced.create({ id: "1", ends: "shipped" });
  const cancelled = OrderPlaced.create({ id: "2", ends: "cancelled" }, { correlationId: "order-2" });
  const waits = [hive.outcome(shipped.id, { of }), hive.outcome("order-2", { of }), hive.outcome(cancelled.id, { of })];
  await hive.push([shipped, cancelled]);
  const types = (await Promise.all(waits)).map(({ type }) => type);
  assert.equal(types, [OrderShipped, OrderCancelled, OrderCancelled]);
});

test("a process that ended before is found, unless it is too long ago", async () => {
  await using hive = await running();
  const placed = OrderPlaced.create({ id: "1", ends: "shipped" });
  await hive.push(placed);
  await hive.whenIdle();
  const { type, eventId, published } = await hive.outcome(placed.id, { of });
  assert.is(type, OrderShipped);
  assert.match(eventId, /^[\da-f-]{36}$/);
  const since = new Date(published.getTime() + 1);
  assert.is((await failureOf(hive.outcome(placed.id, { of, since, timeout: "100ms" }))).code, "Timeout");
});

test("a process that goes on ends the wait with Timeout", async () => {
  await using hive = await running();
  const placed = OrderPlaced.create({ id: "1", ends: "never" });
  await hive.push(placed);
  const { code, message } = await failureOf(hive.outcome(placed.id, { of, timeout: "100ms" }));
  assert.is(code, "Timeout");
  assert.match(message, "OrderShipped");
});

test("another hive of a shared provider sees the end", async () => {
  using file = sqliteFile();
  const provider = await openProvider(`sqlite:${file.path}`);
  await using worker = await running({ provider });
  await using web = await createHive({ provider, logger: silentLogger });
  const placed = OrderPlaced.create({ id: "1", ends: "cancelled" });
  await web.push(placed);
  assert.is((await web.outcome(placed.id, { of, timeout: "8s" })).type, OrderCancelled);
  await worker.stop();
  await web.stop();
  await provider.close();
});

test("an attempt that did not commit ends nothing", async () => {
  await using hive = await running();
  const attempt = {
    time: Date.now(),
    eventId: "paid-1",
    timestamp: Date.now(),
    eventType: "OrderPaid",
    queueName: "OrderPaid-Shipping",
    actor: "Shipping",
    attempt: 1,
    durationMs: 1,
    dueAt: undefined,
    correlationId: "order-1",
    causationId: undefined,
    subject: undefined,
    outputs: [{ id: "shipped-1", eventType: "OrderShipped", destination: "OrderShipped-", dueAt: undefined }],
    errorName: undefined,
    errorMessage: undefined,
  };
  hive.journal?.append({ ...attempt, outcome: "lease-lost" });
  assert.is((await failureOf(hive.outcome("order-1", { of, timeout: "50ms" }))).code, "Timeout");
  hive.journal?.append({ ...attempt, outcome: "committed" });
  assert.is((await hive.outcome("order-1", { of })).eventId, "shipped-1");
});

test("an end that is no event type is told", async () => {
  await using hive = await running();
  for (const wrong of [[], ["OrderShipped"], undefined])
    assert.is((await failureOf(hive.outcome("1", { of: wrong } as never))).code, "InvalidConfiguration");
});

test("a hive without a journal says what to give it", async () => {
  await using hive = await running({ journal: false });
  const { code, message } = await failureOf(hive.outcome("1", { of }));
  assert.is(code, "InvalidState");
  assert.match(message, "journal: true");
});

test("a wait ends with the hive", async () => {
  const hive = await running();
  const failure = failureOf(hive.outcome("1", { of }));
  await hive.stop();
  assert.is((await failure).code, "InvalidState");
  assert.is((await failureOf(hive.outcome("1", { of }))).code, "InvalidState");
});

test("events are settled when all that followed from them is done", async () => {
  await using hive = await running();
  const settled = async (ends: "shipped" | "never" | "fails") => {
    const placed = OrderPlaced.create({ id: ends, ends });
    await hive.push(placed);
    return await hive.settled([placed], 5_000);
  };
  assert.equal([await settled("shipped"), await settled("never"), await settled("fails")], ["done", "done", "failed"]);
});

test("events that are not done in time are waiting", async () => {
  await using hive = await running();
  const placed = { id: "1", ends: "shipped" } as const;
  const delayed = OrderPlaced.create(placed, { enqueueTime: new Date(Date.now() + 600_000) });
  await hive.push(delayed);
  assert.is(await hive.settled([delayed], 100), "waiting");
});

const SeatHeld = eventType<{ seat: string; paid: boolean }>("SeatHeld");
const HoldEnded = eventType<{ seat: string }>("HoldEnded");
const SeatPaid = eventType<{ seat: string }>("SeatPaid");
const keyOf = (seat: string): string => `hold-${seat}`;
const seats = [
  actor("SeatHeld-Hold", SeatHeld, { publishes: [HoldEnded, SeatPaid] }, async ({ body: { seat, paid } }) => [
    HoldEnded.create({ seat }, { delay: "1h", cancelKey: keyOf(seat) }),
    ...(paid ? [SeatPaid.create({ seat })] : []),
  ]),
  actor("HoldEnded-Free", HoldEnded, {}, async () => {}),
  actor("SeatPaid-Confirm", SeatPaid, {}, async ({ body: { seat }, context }) => context.cancel(keyOf(seat))),
];

for (const kind of ["memory", "sqlite"]) {
  const running = async (path: string): Promise<Hive> => {
    const hive = await createHive({
      actors: seats,
      logger: silentLogger,
      provider: kind === "memory" ? "memory:" : `sqlite:${path}`,
    });
    await hive.start();
    return hive;
  };

  test(`events are settled when a step cancelled what waits, in ${kind}`, async () => {
    using file = sqliteFile();
    await using hive = await running(file.path);
    const held = SeatHeld.create({ seat: "17", paid: true });
    const other = SeatHeld.create({ seat: "18", paid: false });
    await hive.push([held, other]);
    assert.is(await hive.settled([held], 8_000), "done");
    assert.is(await hive.settled([other], 300), "waiting");
  });

  test(`events are settled by a cancel or purge of what waits, in ${kind}`, async () => {
    using file = sqliteFile();
    await using hive = await running(file.path);
    const first = SeatHeld.create({ seat: "17", paid: false });
    const second = SeatHeld.create({ seat: "18", paid: false });
    const delayed = async (): Promise<number> => (await hive.queue("HoldEnded-Free").counts()).delayed;
    await hive.push([first, second]);
    const waits = [first, second].map((held) => hive.settled([held], 8_000));
    await eventually("both wait", async () => (await delayed()) === 2);
    assert.is(await hive.cancel({ key: keyOf("17") }), 1);
    assert.is(await waits[0], "done");
    assert.is(await hive.queue("HoldEnded-Free").purge({ by: "ada" }), 1);
    assert.is(await waits[1], "done");
  });
}

test.run();
