import {
  actorDescription,
  collectionStore,
  Container,
  counterStore,
  eventType,
  identityOf,
  injects,
  token,
  type ActorContext,
  type CollectionStore,
  type CounterStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { external, simulate, SimulationFailed, type SimulateOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("bugs that a simulation finds", { timeoutMs: 60_000 });

interface Order {
  readonly id: string;
  readonly etag?: string;
  readonly paid?: boolean;
  readonly packed?: boolean;
  readonly status?: string;
}

const OrderAccepted = eventType<{ orderId: string }>("OrderAccepted");
const OrderPaid = eventType<{ orderId: string }>("OrderPaid");
const TimedOut = eventType<{ orderId: string }>("TimedOut");
const Orders = collectionStore<Order>("Orders");
const accepted = ["1", "2"].map((orderId) => OrderAccepted.create({ orderId }, { id: `accepted-${orderId}` }));
const withOrders: Pick<SimulateOptions, "given"> = {
  given: async (stores) => {
    for (const id of ["1", "2"]) await stores.collection<Order>("Orders").insert({ id });
  },
};

/** Returns how a simulation fails, and after how many runs. */
async function failureOf(options: SimulateOptions): Promise<SimulationFailed> {
  try {
    await simulate({ runs: 1_000, ...options });
  } catch (error) {
    if (error instanceof SimulationFailed) return error;
    throw error;
  }
  throw new Error("The simulation found nothing.");
}

@actorDescription("OrderAccepted-Stock")
@injects(counterStore)
class CarelessStockActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(): Promise<void> {
    await this.counters.increment("Stock", "lamp", -1);
  }
}

@actorDescription("OrderAccepted-Stock")
@injects(counterStore)
class StockActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<void> {
    await this.counters.increment("Stock", "lamp", -1, { once: identityOf(event) });
  }
}

test("a counter that is taken without once", async () => {
  const {
    violations,
    story,
    seed = Infinity,
  } = await failureOf({
    actors: CarelessStockActor,
    push: accepted,
    as: "aws",
  });
  assert.match(violations[0]?.message ?? "", /counters\/Stock\/lamp is -\d, and -\d in a calm run/);
  assert.match(story, /Stock: CarelessStockActor/);
  assert.ok(seed <= 20, `seed ${seed}`);
  await simulate({ actors: StockActor, push: accepted, as: "aws", runs: 200 });
});

test("a counter that is taken without once is right where steps are atomic", async () => {
  for (const as of ["memory", "sqlite", "postgres"] as const)
    await simulate({ actors: CarelessStockActor, push: accepted, as, runs: 100 });
});

const Mail = token<{ send(orderId: string): Promise<void> }>("Mail");

@actorDescription("OrderAccepted-Mail")
@injects(Mail, Orders)
class MailActor implements ProcessorActor {
  constructor(
    private readonly mail: { send(orderId: string): Promise<void> },
    private readonly orders: CollectionStore<Order>,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const { orderId } = OrderAccepted.read(event);
    await this.mail.send(orderId);
    await this.orders.update({ ...(await this.orders.get(orderId)), status: "told" });
  }
}

function mailing(idempotent: boolean): Pick<SimulateOptions, "container"> {
  const container = new Container();
  container.bind(Mail).toConstantValue({ send: external("mail", async (_orderId: string) => {}, { idempotent }) });
  return { container };
}

test("an e-mail that is sent before the commit", async () => {
  const options = { actors: MailActor, push: accepted, ...withOrders };
  const { violations, seed = Infinity } = await failureOf({ ...options, ...mailing(false), as: "sqlite" });
  assert.equal(violations[0], {
    check: "external",
    message: `mail("${accepted.length > 0 ? violations[0]?.message.match(/"(\d)"/)?.[1] : ""}") was called 2 times.`,
  });
  assert.ok(seed <= 20, `seed ${seed}`);
  await simulate({ ...options, ...mailing(true), as: "aws", runs: 200 });
});

/** Two actors that change one order: the payment, and the packing. */
function changing(safely: boolean): SimulateOptions {
  const changed = (order: Order, change: Partial<Order>): Order => {
    const { etag, ...rest } = { ...order, ...change };
    return safely && etag !== undefined ? { ...rest, etag } : rest;
  };

  @actorDescription("OrderAccepted-Payment")
  @injects(Orders)
  class PaymentActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(OrderAccepted.read(event).orderId);
      await this.orders.update(changed(order, { paid: true }));
    }
  }

  @actorDescription("OrderAccepted-Packing")
  @injects(Orders)
  class PackingActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(OrderAccepted.read(event).orderId);
      await this.orders.update(changed(order, { packed: true }));
    }
  }

  return {
    actors: [PaymentActor, PackingActor],
    push: accepted,
    ...withOrders,
    as: "azure",
    invariant: async (stores) => {
      for await (const { id, paid, packed } of stores.collection<Order>("Orders").all())
        if (!paid || !packed) throw new Error(`order ${id} has lost a change`);
    },
    // Both orders of two events are right, and so is what a calm run leaves.
    checks: { outcome: false },
  };
}

test("an update without an etag that loses another", async () => {
  const { violations, seed } = await failureOf(changing(false));
  assert.equal(violations[0]?.check, "invariant");
  assert.ok((seed ?? 1) <= 20, `seed ${seed}`);
  await simulate({ ...changing(true), runs: 200 });
});

/** A saga whose payment may come after its time limit. */
function saga(careful: boolean): SimulateOptions {
  @actorDescription("OrderAccepted-Deadline", { publishes: ["TimedOut"] })
  class DeadlineActor implements ProcessorActor {
    async processAsync(event: Event, { clock }: ActorContext): Promise<Event[]> {
      const enqueueTime = new Date(clock.now() + 60_000);
      return [TimedOut.create({ orderId: OrderAccepted.read(event).orderId }, { enqueueTime })];
    }
  }

  @actorDescription("OrderPaid-Confirm")
  @injects(Orders)
  class ConfirmActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(OrderPaid.read(event).orderId);
      if (order.status === "cancelled") {
        if (careful) await this.orders.update({ ...order, status: "refunded" });
        return;
      }
      await this.orders.update({ ...order, paid: true, status: "confirmed" });
    }
  }

  @actorDescription("TimedOut-Cancel")
  @injects(Orders)
  class CancelActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(TimedOut.read(event).orderId);
      if (order.status === undefined) await this.orders.update({ ...order, status: "cancelled" });
    }
  }

  return {
    actors: [DeadlineActor, ConfirmActor, CancelActor],
    push: [
      OrderAccepted.create({ orderId: "1" }, { id: "accepted" }),
      OrderPaid.create({ orderId: "1" }, { id: "paid" }),
    ],
    given: (stores) => stores.collection<Order>("Orders").insert({ id: "1" }),
    checks: { outcome: false },
    invariant: async (stores) => {
      const { status } = await stores.collection<Order>("Orders").get("1");
      if (status === "cancelled") throw new Error("the customer has paid, and the order is cancelled");
    },
  };
}

test("a saga that misses a late payment", async () => {
  const { violations, story, seed } = await failureOf(saga(false));
  assert.equal(violations[0]?.check, "invariant");
  assert.match(story, /Confirm: ConfirmActor .*\n(?:.*\n)* +! \w/);
  assert.ok((seed ?? 1) <= 300, `seed ${seed}`);
  await simulate({ ...saga(true), runs: 300 });
});

/** Counts in a field, which lives as long as a process. */
class Memory {
  readonly seen = new Set<string>();
}

@actorDescription("OrderAccepted-Once")
@injects(counterStore, Memory)
class ForgetfulActor implements ProcessorActor {
  constructor(
    private readonly counters: CounterStore,
    private readonly memory: Memory,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const { orderId } = OrderAccepted.read(event);
    if (this.memory.seen.has(orderId)) return;
    this.memory.seen.add(orderId);
    await this.counters.increment("Seen", "orders", 1);
  }
}

test("an actor that keeps state in a field of its process", async () => {
  const { violations, seed } = await failureOf({
    actors: ForgetfulActor,
    container: () => {
      const container = new Container();
      container.bind(Memory).toSelf().inSingletonScope();
      return container;
    },
    push: accepted,
    as: "sqlite",
  });
  assert.match(violations[0]?.message ?? "", /counters\/Seen\/orders is/);
  assert.ok((seed ?? 1) <= 50, `seed ${seed}`);
});

/** Reminds of an order unless it was paid. A timer that was set before does not know that. */
function reminding(careful: boolean): SimulateOptions {
  @actorDescription("OrderAccepted-Reminder", { publishes: ["TimedOut"] })
  class ReminderActor implements ProcessorActor {
    async processAsync(event: Event, { clock }: ActorContext): Promise<Event[]> {
      const enqueueTime = new Date(clock.now() + 1_000);
      return [TimedOut.create({ orderId: OrderAccepted.read(event).orderId }, { enqueueTime })];
    }
  }

  @actorDescription("OrderPaid-Settle")
  @injects(Orders)
  class SettleActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(OrderPaid.read(event).orderId);
      await this.orders.update({ ...order, paid: true });
    }
  }

  @actorDescription("TimedOut-Remind")
  @injects(Orders)
  class RemindActor implements ProcessorActor {
    constructor(private readonly orders: CollectionStore<Order>) {}

    async processAsync(event: Event): Promise<void> {
      const order = await this.orders.get(TimedOut.read(event).orderId);
      if (careful && order.paid) return;
      await this.orders.update({ ...order, status: order.paid ? "reminded though paid" : "reminded" });
    }
  }

  return {
    actors: [ReminderActor, SettleActor, RemindActor],
    push: [
      OrderAccepted.create({ orderId: "1" }, { id: "accepted" }),
      OrderPaid.create({ orderId: "1" }, { id: "paid", enqueueTime: new Date(Date.UTC(2020, 0, 1) + 5_000) }),
    ],
    given: (stores) => stores.collection<Order>("Orders").insert({ id: "1" }),
    checks: { outcome: false },
    invariant: async (stores) => {
      const { status } = await stores.collection<Order>("Orders").get("1");
      if (status === "reminded though paid") throw new Error(status);
    },
  };
}

test("a timer that fires although its reason is gone", async () => {
  const { violations, seed } = await failureOf(reminding(false));
  assert.equal(violations[0]?.message, "reminded though paid");
  assert.ok((seed ?? 1) <= 100, `seed ${seed}`);
  await simulate({ ...reminding(true), runs: 200 });
});

test.run();
