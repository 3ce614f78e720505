import * as assert from "uvu/assert";
import { runPrismo } from "../../samples/prismo/app.ts";
import { chance } from "../../samples/prismo/chance.ts";
import { problemsOf } from "../../samples/prismo/report.ts";
import { prismoStores, stock, type PrismoStores } from "../../samples/prismo/stores.ts";
import { summarise, type Summary } from "../../samples/prismo/summary.ts";
import { memory, orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo's summary", { timeoutMs: 10_000 });

const numbered = Array.from({ length: 1_000 }, (_, number) => `order-${number}`);
const shipped = numbered.find((id) => chance(1, "payment", id) >= 0.1 && chance(1, "fraud", id) >= 0.015) ?? "";
const cancelled = numbered.find((id) => chance(1, "payment", id) >= 0.1 && chance(1, "fraud", id) < 0.015) ?? "";

/** Returns the summary after a change of the stores. */
async function summaryAfter(tamper: (stores: PrismoStores) => Promise<unknown>): Promise<Summary> {
  await using provider = await memory();
  const orders = [orderOf(shipped, { lamp: 2 }), orderOf(cancelled, { lamp: 1 })];
  await runPrismo(orders, [{ productId: "lamp", name: "Lamp", quantity: 5 }], { provider });
  assert.equal((await summarise(provider.stores)).problems, []);
  await tamper(prismoStores(provider.stores));
  return await summarise(provider.stores);
}

const tampering: [string, (stores: PrismoStores) => Promise<unknown>, Partial<Summary>][] = [
  [
    "an order that is left",
    async ({ orders }) => orders.update({ ...(await orders.get(shipped)), status: "accepted" }),
    { pending: 1, shipped: 0, problems: [`order ${shipped}: it is neither shipped nor cancelled`] },
  ],
  [
    "a second e-mail",
    ({ mailbox }) => mailbox.insert({ id: "again", orderId: shipped, to: "ada@example.com", subject: "" }),
    { emails: 2, duplicateEmails: 1, problems: [`order ${shipped}: it is shipped with 2 e-mails`] },
  ],
  [
    "no e-mail",
    ({ mailbox }) => mailbox.delete(`shipped-${shipped}`),
    { emails: 0, problems: [`order ${shipped}: it is shipped with 0 e-mails`] },
  ],
  [
    "no shipment",
    ({ shipments }) => shipments.delete(shipped),
    { problems: [`order ${shipped}: it is shipped without a shipment`] },
  ],
  [
    "no payment",
    ({ payments }) => payments.delete(shipped),
    { problems: [`order ${shipped}: it is shipped without a payment`] },
  ],
  [
    "no refund",
    async ({ payments }) => payments.update({ ...(await payments.get(cancelled)), status: "authorised" }),
    { problems: [`order ${cancelled}: it is cancelled and was not refunded`] },
  ],
  [
    "a cancelled order that holds stock",
    async ({ orders }) =>
      orders.update({ ...(await orders.get(cancelled)), items: { lamp: { quantity: 1, takenBy: "x" } } }),
    { problems: [`order ${cancelled}: it is cancelled and holds stock`] },
  ],
  [
    "a cancelled order that is sent",
    ({ shipments }) => shipments.insert({ id: cancelled, address: "", shippedAt: 0 }),
    { problems: [`order ${cancelled}: it is cancelled and was sent`] },
  ],
  [
    "less than nothing in stock",
    ({ counters }) => counters.increment(stock, "lamp", -4),
    {
      negativeStock: 1,
      stockBalanced: false,
      problems: ["product lamp: there are -1 of it", "product lamp: there are -1 of it where there should be 3"],
    },
  ],
];

for (const [what, tamper, expected] of tampering) {
  test(`${what} is named in the summary`, async () => {
    const summary = await summaryAfter(tamper);
    const found = Object.fromEntries(Object.keys(expected).map((key) => [key, summary[key as keyof Summary]]));
    assert.equal(found, expected);
  });
}

test("of many problems the first are named and the rest counted", () => {
  assert.equal(problemsOf({ problems: [], deadLetters: 2 }), ["2 events could not be handled"]);
  const problems = problemsOf({ problems: Array.from({ length: 30 }, (_, n) => `problem ${n}`), deadLetters: 0 });
  assert.is(problems.length, 21);
  assert.is(problems.at(-1), "... and 10 more");
});

test.run();
