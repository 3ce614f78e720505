/** Summarises all orders and checks the invariants, from the stores only, after all work is done. */
import type { CollectionStore, Identified, Stored, Stores } from "beehive-actors";
import type { Order, Payment, Shipment } from "./entities.ts";
import { prismoStores, replenished, stock, type PrismoStores } from "./stores.ts";

export interface Summary {
  readonly orders: number;
  readonly shipped: number;
  readonly cancelled: number;
  readonly pending: number;
  readonly emails: number;
  readonly duplicateEmails: number;
  /** Products with negative stock. */
  readonly negativeStock: number;
  /** True when every item is accounted for. */
  readonly stockBalanced: boolean;
  /** Time from acceptance to shipment. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All violated invariants, in words. */
  readonly problems: readonly string[];
}

/** Other facts about an order. */
interface Records {
  readonly payment: Payment | undefined;
  readonly shipment: Shipment | undefined;
  readonly emails: number;
}

export async function summarise(stores: Stores): Promise<Summary> {
  const prismo = prismoStores(stores);
  const payments = await byId(prismo.payments);
  const shipments = await byId(prismo.shipments);
  const emails = await countEmails(prismo);
  const taken = new Map<string, number>();
  const tally = { accepted: 0, shipped: 0, cancelled: 0 };
  const durations: number[] = [];
  const problems: string[] = [];

  for await (const order of prismo.orders.all()) {
    const shipment = shipments.get(order.id);
    const records = { payment: payments.get(order.id), shipment, emails: emails.get(order.id) ?? 0 };
    tally[order.status]++;
    if (shipment) durations.push(shipment.shippedAt - order.acceptedAt);
    problems.push(...problemsOf(order, records).map((problem) => `order ${order.id}: ${problem}`));
    if (order.status !== "cancelled") addTaken(order, taken);
  }
  const { negativeStock, unbalanced } = await checkStock(prismo, taken);
  const sent = [...emails.values()];
  return {
    orders: tally.accepted + tally.shipped + tally.cancelled,
    shipped: tally.shipped,
    cancelled: tally.cancelled,
    pending: tally.accepted,
    emails: sum(sent),
    duplicateEmails: sum(sent.map((count) => count - 1)),
    negativeStock: negativeStock.length,
    stockBalanced: unbalanced.length === 0,
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    problems: [...problems, ...negativeStock, ...unbalanced],
  };
}

function problemsOf(order: Order, { payment, shipment, emails }: Records): string[] {
  const holdsStock = Object.values(order.items).some(({ takenBy }) => takenBy !== undefined);
  switch (order.status) {
    case "accepted":
      return ["it is neither shipped nor cancelled"];
    case "shipped":
      return [
        ...when(payment?.status !== "authorised", "it is shipped without a payment"),
        ...when(!shipment, "it is shipped without a shipment"),
        ...when(emails !== 1, `it is shipped with ${emails} e-mails`),
        ...when(
          Object.values(order.items).some(({ takenBy }) => !takenBy),
          "it is shipped without all of its items",
        ),
      ];
    case "cancelled":
      return [
        ...when(payment?.status === "authorised", "it is cancelled and was not refunded"),
        ...when(holdsStock, "it is cancelled and holds stock"),
        ...when(shipment !== undefined || emails > 0, "it is cancelled and was sent"),
      ];
  }
}

async function checkStock(
  { products, counters }: PrismoStores,
  taken: ReadonlyMap<string, number>,
): Promise<{ negativeStock: string[]; unbalanced: string[] }> {
  const negativeStock: string[] = [];
  const unbalanced: string[] = [];
  for await (const { id, initialQuantity } of products.all()) {
    const here = await counters.get(stock, id);
    const due = initialQuantity + (await counters.get(replenished, id)) - (taken.get(id) ?? 0);
    if (here < 0) negativeStock.push(`product ${id}: there are ${here} of it`);
    if (here !== due) unbalanced.push(`product ${id}: there are ${here} of it where there should be ${due}`);
  }
  return { negativeStock, unbalanced };
}

function addTaken({ items }: Order, taken: Map<string, number>): void {
  for (const [productId, { quantity, takenBy }] of Object.entries(items)) {
    if (takenBy !== undefined) taken.set(productId, (taken.get(productId) ?? 0) + quantity);
  }
}

async function countEmails({ mailbox }: PrismoStores): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const { orderId } of mailbox.all()) counts.set(orderId, (counts.get(orderId) ?? 0) + 1);
  return counts;
}

async function byId<T extends Identified>(collection: CollectionStore<T>): Promise<Map<string, Stored<T>>> {
  const items = new Map<string, Stored<T>>();
  for await (const item of collection.all()) items.set(item.id, item);
  return items;
}

/** Returns a percentile by nearest rank; 0 for an empty list. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function when(wrong: boolean, problem: string): string[] {
  return wrong ? [problem] : [];
}
