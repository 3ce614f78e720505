/** Runs the sample shop for tests. */
import { openProvider, systemClock, type Provider, type Stores } from "beehive-actors";
import * as assert from "uvu/assert";
import { runPrismo, type PrismoOptions, type Report } from "../../samples/prismo/app.ts";
import { randomOrders, randomProducts } from "../../samples/prismo/generate.ts";
import type { NewOrder } from "../../samples/prismo/intake.ts";
import { prismoStores } from "../../samples/prismo/stores.ts";

/** The ids of shipped and of cancelled orders. */
export interface Outcome {
  readonly shipped: readonly string[];
  readonly cancelled: readonly string[];
}

/** `await using provider = await memory()`. */
export async function memory(): Promise<Provider & AsyncDisposable> {
  const provider = await openProvider("memory:", { clock: systemClock });
  return Object.assign(provider, { [Symbol.asyncDispose]: () => provider.close() });
}

async function outcomeOf(stores: Stores): Promise<Outcome> {
  const outcome = { shipped: [] as string[], cancelled: [] as string[] };
  for await (const { id, status } of prismoStores(stores).orders.all()) {
    if (status !== "accepted") outcome[status].push(id);
  }
  return outcome;
}

/** Handles random orders, asserts all invariants, and returns the outcome of each order. */
export async function runRandomOrders(count: number, options: PrismoOptions & { seed: number }): Promise<Outcome> {
  const products = randomProducts(options.seed, count);
  const report = await runPrismo(randomOrders(options.seed, count, products), products, options);
  assertRight(report);
  assert.is(report.orders, count);
  return outcomeOf(options.provider.stores);
}

export function assertRight(report: Report): void {
  assert.equal(report.problems.slice(0, 10), []);
  const { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters } = report;
  assert.equal(
    { pending, duplicateEmails, negativeStock, stockBalanced, deadLetters },
    { pending: 0, duplicateEmails: 0, negativeStock: 0, stockBalanced: true, deadLetters: 0 },
  );
  assert.is(report.emails, report.shipped);
}

/** Returns an order of some products. */
export function orderOf(id: string, items: NewOrder["items"]): NewOrder {
  const customer = { id: "ada", name: "Ada", email: "ada@example.com", address: "1 Mill Lane" };
  return { id, customer, items, totalPrice: 10, paymentMethod: "card", shippingAddress: customer.address };
}
