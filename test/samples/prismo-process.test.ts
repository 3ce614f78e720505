import * as assert from "uvu/assert";
import { runPrismo } from "../../samples/prismo/app.ts";
import { chance } from "../../samples/prismo/chance.ts";
import type { NewOrder, NewProduct } from "../../samples/prismo/intake.ts";
import { prismoStores, stock, type PrismoStores } from "../../samples/prismo/stores.ts";
import { Tally } from "../../samples/prismo/tally.ts";
import { assertRight, memory, orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo", { timeoutMs: 10_000 });

const products: NewProduct[] = [
  { productId: "lamp", name: "Lamp", quantity: 5 },
  { productId: "kettle", name: "Kettle", quantity: 0 },
];
const ids = Array.from({ length: 1_000 }, (_, number) => `order-${number}`);

/** Returns the first order with this luck; see the gateways. */
function idWith(luck: (payment: number, fraud: number) => boolean): string {
  return ids.find((id) => luck(chance(1, "payment", id), chance(1, "fraud", id))) ?? "";
}
const honest = idWith((payment, fraud) => payment >= 0.1 && fraud >= 0.015);
const penniless = idWith((payment) => payment < 0.1);
const fraudulent = idWith((payment, fraud) => payment >= 0.1 && fraud < 0.015);

async function run(...orders: NewOrder[]): Promise<PrismoStores> {
  await using provider = await memory();
  assertRight(await runPrismo(orders, products, { provider }));
  return prismoStores(provider.stores);
}

test("an order ships with both items when one was out of stock", async () => {
  const { orders, shipments, mailbox, counters } = await run(orderOf(honest, { lamp: 2, kettle: 3 }));
  assert.is((await orders.get(honest)).status, "shipped");
  assert.is((await shipments.get(honest)).address, "1 Mill Lane");
  assert.is((await mailbox.get(`shipped-${honest}`)).to, "ada@example.com");
  assert.is(await counters.get(stock, "lamp"), 3);
  assert.is(await counters.get(stock, "kettle"), 2, "the supplier sends two to spare");
});

test("a refused payment cancels the order, and no item is taken", async () => {
  const { orders, payments, counters } = await run(orderOf(penniless, { lamp: 2 }));
  const { status, cancelReason } = await orders.get(penniless);
  assert.equal([status, cancelReason], ["cancelled", "payment refused"]);
  assert.is((await payments.get(penniless)).status, "refused");
  assert.is(await counters.get(stock, "lamp"), 5);
});

test("a fraud is refunded, and its items go back into stock", async () => {
  const { orders, payments, counters, shipments, mailbox } = await run(orderOf(fraudulent, { lamp: 2, kettle: 1 }));
  const { status, cancelReason } = await orders.get(fraudulent);
  assert.equal([status, cancelReason], ["cancelled", "suspected fraud"]);
  assert.is((await payments.get(fraudulent)).status, "refunded");
  assert.is(await counters.get(stock, "lamp"), 5);
  assert.not(await shipments.exists(fraudulent));
  assert.not(await mailbox.exists(`shipped-${fraudulent}`));
});

test("with more orders than stock each gets its item in the end", async () => {
  const many = ids.filter((id) => chance(1, "payment", id) >= 0.1 && chance(1, "fraud", id) >= 0.015).slice(0, 20);
  const { orders } = await run(...many.map((id) => orderOf(id, { lamp: 3 })));
  for await (const { status } of orders.all()) assert.is(status, "shipped");
});

test("orders that come again change nothing", async () => {
  await using provider = await memory();
  const orders = [orderOf(honest, { lamp: 1 }), orderOf(penniless, { lamp: 1 })];
  await runPrismo(orders, products, { provider });
  const { events, ...again } = await runPrismo(orders, products, { provider });
  assertRight({ events, ...again });
  assert.is(events, 0);
  assert.is(again.orders, 2);
});

test("without orders the sample ends", async () => {
  await using provider = await memory();
  const report = await runPrismo([], products, { provider });
  assertRight(report);
  assert.is(report.orders, 0);
  assert.is(report.p99Ms, 0);
});

test("an aborted signal stops the sample early", async () => {
  await using provider = await memory();
  const ending = new AbortController();
  const tally = new (class extends Tally {
    override count(eventType: string): void {
      super.count(eventType);
      ending.abort();
    }
  })();
  const { signal } = ending;
  const report = await runPrismo([orderOf(honest, { kettle: 1 })], products, { provider, tally, signal });
  assert.is(report.pending, 1);
});

test.run();
