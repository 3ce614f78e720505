import { collectionStore, counterStore, injects, pulse, type ActorClass } from "beehive-actors";
import { estimate, type EstimateOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { limits } from "../../../../src/analysis/estimate/limits.ts";
import { prices } from "../../../../src/analysis/estimate/prices.ts";
import type { ProviderName } from "../../../../src/analysis/estimate/plan.ts";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";
import { actorOf } from "../graph/graphs.ts";

const test = suite("estimate");

const Orders = collectionStore("Orders");
const intake = actorOf("Intake", { "Orders-Intake": ["Accepted"] });
const stock = actorOf("Stock", { "Accepted-Stock": [] });
injects(Orders, counterStore)(stock);
const mail = actorOf("Mail", { "Accepted-Mail": { ordered: true } });
const actors = [intake, stock, mail];

async function planOf(provider: ProviderName, options: Partial<EstimateOptions> = {}) {
  const result = await estimate({ actors, rates: "100/s", for: [provider], ...options });
  const [plan] = result.plans;
  assert.ok(plan);
  return { ...result, plan };
}

/** Returns the requests a second of one kind to one place. */
function requests({ plan }: Awaited<ReturnType<typeof planOf>>, action: string, to: string): number | undefined {
  return plan.requests.find((one) => one.action === action && one.to === to)?.perSecond;
}

test("events are followed to every subscription of a topic", async () => {
  const { traffic } = await planOf("sqlite", { work: { Intake: { publishes: { Accepted: 0.8 } } } });
  assert.equal(
    traffic.flows.map(({ queue, rate }) => [queue, rate]),
    [
      ["Orders-Intake", 100],
      ["Accepted-Stock", 80],
      ["Accepted-Mail", 80],
    ],
  );
});

test("a cycle adds up what comes around", async () => {
  const retry = actorOf("Retry", { "Accepted-Retry": ["Orders"] });
  const work = { Retry: { publishes: { Orders: 0.5 } } };
  const { traffic } = await planOf("sqlite", { actors: [intake, retry], work, rates: { Orders: "100/s" } });
  assert.equal(
    traffic.flows.map(({ rate }) => Math.round(rate)),
    [200, 200],
  );
});

test("a cycle whose events multiply is refused, with the cure", async () => {
  const retry = actorOf("Retry", { "Accepted-Retry": ["Orders"] });
  const error = await failureOf(planOf("aws", { actors: [intake, retry], rates: { Orders: 1 } }));
  assert.match(error.message, "events multiply on their way around a cycle, through");
  assert.match(error.message, "publishes: {");
});

test("slots follow Little's law, with head room", async () => {
  const { plan } = await planOf("sqlite", {
    work: { Stock: { duration: "50ms", attempts: 1.2, stores: {} } },
  });
  const { busy, slots, holdMs } = plan.slots[1] ?? {};
  assert.equal([holdMs, Math.round((busy ?? 0) * 10) / 10, slots], [52, 6.2, 9]);
});

test("processes have slots for the widest actor, and a note says so", async () => {
  const { plan } = await planOf("sqlite", { work: { Stock: { duration: "1s" } } });
  assert.is(plan.processes, 15);
  assert.match(plan.notes.join(" "), "Accepted-Stock needs 144 slots, and a process has 10.");
});

test("processes have processor time for all events", async () => {
  const { plan } = await planOf("aws", { rates: "10000/s", defaults: { parallelism: 10_000 } });
  assert.is(plan.processes, Math.ceil((30_000 * 0.00046) / 0.7));
});

test("an ordered actor has a rate for each key", async () => {
  const { plan } = await planOf("postgres", { work: { Mail: { duration: "45ms" } } });
  assert.equal([plan.slots[2]?.perKey, plan.slots[1]?.perKey], [20, undefined]);
});

test("few keys bound an ordered actor on every provider", async () => {
  const { plan } = await planOf("azure", { work: { Mail: { duration: "90ms", keys: 20 } } });
  const use = plan.limits.find(({ limit }) => limit === "order by key");
  assert.equal([use?.at, use?.used, use?.max, use?.reachedAt], ["one key of Accepted-Mail", 5, 10, 200]);
});

test("a topic with both kinds of subscriptions is published twice to SNS", async () => {
  const result = await planOf("aws", { backlog: true });
  const published = result.plan.requests.filter(({ to, action }) => to === "Accepted-" && action === "publish");
  assert.equal(
    published.map(({ service, perSecond }) => [service, perSecond]),
    [
      ["SNS", 10],
      ["SNS FIFO", 10],
    ],
  );
});

test("requests are shared by more events when the rate is higher", async () => {
  const [slow, fast] = [await planOf("aws", { rates: "1/s" }), await planOf("aws", { rates: "400/s" })];
  assert.ok((requests(slow, "delete", "Orders-Intake") ?? 0) > 0.95);
  assert.ok((requests(fast, "delete", "Orders-Intake") ?? 0) < 200);
});

test("an idle queue of AWS costs a request each ten seconds and process", async () => {
  const result = await planOf("aws", { rates: "1/d" });
  assert.ok(Math.abs((requests(result, "receive", "Orders-Intake") ?? 0) - 0.1) < 0.001);
});

test("the first limit is the one that the lowest rate reaches", async () => {
  const work = { Stock: { stores: { Orders: { writes: 1 } } } };
  const { plan } = await planOf("aws", { work });
  const [first, second] = plan.limits;
  assert.equal([first?.limit, first?.at, first?.reachedAt], ["DynamoDB writes of a partition", "Orders", 1_000]);
  assert.ok((second?.reachedAt ?? 0) >= 1_000);
  assert.ok(plan.fits);
  assert.not((await planOf("aws", { work, rates: "1001/s" })).plan.fits);
});

test("events that wait for a retry are in flight on SQS", async () => {
  const slow = { Stock: { attempts: 2, duration: 0, stores: {} } };
  const { plan } = await planOf("aws", { work: slow, defaults: { retry: { minDelay: "60s" } } });
  const inFlight = plan.limits.find(({ limit }) => limit === "SQS in flight");
  assert.is(inFlight?.at, "Accepted-Stock");
  assert.ok(Math.abs((inFlight?.used ?? 0) - 6_003) < 1, String(inFlight?.used));
});

test("Service Bus is planned as standard, then as premium", async () => {
  const [few, many] = [await planOf("azure", { rates: "10/s" }), await planOf("azure", { rates: "1000/s" })];
  assert.match(few.plan.notes.join(" "), "standard tier of Service Bus is enough");
  assert.match(many.plan.notes.join(" "), "premium, with 2 messaging units");
  assert.ok(many.plan.costs.some(({ item }) => item === "Service Bus premium"));
});

test("one item that all events write bounds PostgreSQL", async () => {
  const work = { Stock: { stores: { Stock: { writes: 1, items: 2 } } } };
  const [first] = (await planOf("postgres", { work })).plan.limits;
  assert.equal([first?.limit, first?.at, first?.reachedAt], ["commit groups with one item", "one of Stock", 400]);
});

test("a month costs its quantities at their prices", async () => {
  const { plan } = await planOf("aws", { backlog: true });
  const sqs = plan.costs.find(({ item }) => item === "SQS");
  // A send, a receive and a delete for ten events of Intake, a receive and a delete of Stock.
  const perSecond = 10 * 2 + 10 * 2;
  assert.ok(Math.abs((sqs?.usd ?? 0) - (perSecond * 730 * 3_600 * 0.4) / 1e6) < 0.01, String(sqs?.usd));
  assert.is(Math.round(plan.monthlyUsd), Math.round(plan.costs.reduce((sum, { usd }) => sum + usd, 0)));
});

test("prices and limits have sources, prices also dates and regions", () => {
  for (const [name, { source, date, region, usd, per }] of Object.entries(prices)) {
    assert.match(source, /^https:\/\//, name);
    assert.match(date, /^20\d\d-\d\d$/, name);
    assert.ok(region !== "" && per !== "" && usd > 0, name);
  }
  for (const [name, { source, max }] of Object.entries(limits))
    assert.ok(max > 0 && /^(https:\/\/|bench\/)/.test(source), name);
});

test("operations of Service Bus cost less from each step on", async () => {
  const { plan } = await planOf("azure", { rates: "50/s" });
  const usd = plan.costs.filter(({ item }) => item === "Service Bus operations").reduce((all, one) => all + one.usd, 0);
  const perSecond = plan.requests
    .filter(({ service }) => service === "Service Bus")
    .reduce((all, one) => all + one.perSecond, 0);
  const millions = (perSecond * 730 * 3_600) / 1e6;
  assert.ok(millions > 100 && millions < 2_500);
  assert.ok(Math.abs(usd - (87 * 0.8 + (millions - 100) * 0.5)) < 0.01, `${usd} for ${millions} millions`);
});

test("large events are billed by their size", async () => {
  const [small, large] = [await planOf("aws"), await planOf("aws", { bytes: 200_000 })];
  assert.ok(large.plan.monthlyUsd > small.plan.monthlyUsd + 500);
});

test("an entry without a rate, and a wrong rate or actor, are named", async () => {
  const alone = actorOf("Alone", { "Other-Alone": [] });
  const wrong: [Partial<EstimateOptions>, string][] = [
    [{ actors: [...actors, alone] }, "NAME=RATE: there are Orders-, Other-"],
    [{ rates: undefined }, "Give the rate at an entry: there are Orders-."],
    [{ rates: "many" }, 'a rate is a text such as 200/s or 5000/h, not "many"'],
    [{ rates: { Nowhere: 1 } }, "No actor reads Nowhere; the entries are Orders-"],
    [{ work: { Stok: {} } }, "Stok: there is no such actor; there are Intake"],
    [{ work: { Stock: { attempts: 0.5 } } }, "Stock: attempts must be 1 or more"],
    [{ work: { Stock: { duraton: 1 } as never } }, 'Stock: "duraton" is not an option; there are duration'],
    [
      { work: { Intake: { publishes: { Acepted: 1 } } } },
      "Intake: it does not publish to Acepted; it declares Accepted-",
    ],
    [{ for: ["memory" as ProviderName] }, 'there is no plan for "memory"'],
    [{ headRoom: 1 }, "headRoom must be from 0 to 0.9"],
  ];
  for (const [options, message] of wrong) assert.match((await failureOf(planOf("aws", options))).message, message);
});

test("a pulser is an entry at the rate of its schedule", async () => {
  const daily: ActorClass = actorOf("Daily", { "DayEnded-Daily": [] });
  const { traffic } = await planOf("sqlite", {
    actors: daily,
    rates: undefined,
    pulsers: [pulse("DayEnded", { cron: "0 3 * * *" })],
  });
  assert.equal([...traffic.entries], [["DayEnded-", 1 / 86_400]]);
});

test("the assumptions are named, with the actors that they are about", async () => {
  const { assumed } = await planOf("aws", { work: { Stock: { duration: 5, attempts: 1 } } });
  assert.equal(assumed, [
    "an attempt takes 10 ms (Intake, Mail)",
    "nothing is tried again (Intake, Mail)",
    "an event leads to one event at each destination that its actor declares (Intake)",
    "an actor reads and writes each injected store once (Stock)",
  ]);
});

test.run();
