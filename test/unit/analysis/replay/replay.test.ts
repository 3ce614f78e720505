import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import {
  actorDescription,
  collectionStore,
  counterStore,
  createHive,
  Event,
  injects,
  keyValueStore,
  lockStore,
  RejectEvent,
  silentLogger,
  type ActorClass,
  type ActorContext,
  type CollectionStore,
  type CounterStore,
  type KeyValueStore,
  type LockStore,
  type Provider,
} from "../../../../src/index.ts";
import { replay, type ReplayOptions, type ReplayReport } from "../../../../src/testing/index.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("replay", { timeoutMs: 20_000 });

interface Sale {
  readonly product: string;
  readonly amount: number;
}

interface Total {
  readonly id: string;
  readonly amount: number;
}

const Totals = collectionStore<Total>("ReplayTotals");
const Labels = keyValueStore("ReplayLabels");

interface Version {
  readonly factor?: number;
  /** Products whose sales are announced. */
  readonly announces?: (sale: Sale) => readonly string[];
  readonly refuses?: string;
  readonly onContext?: (context: ActorContext) => void;
}

/** Returns a version of an actor that totals sales, and announces them. */
function totals({ factor = 1, announces = ({ product }) => [product], refuses, onContext }: Version = {}): ActorClass {
  class TotalsActor {
    readonly totals: CollectionStore<Total>;
    readonly counters: CounterStore;
    readonly labels: KeyValueStore;
    readonly locks: LockStore;

    constructor(sums: CollectionStore<Total>, counters: CounterStore, labels: KeyValueStore, locks: LockStore) {
      this.totals = sums;
      this.counters = counters;
      this.labels = labels;
      this.locks = locks;
    }

    async processAsync(event: Event<Sale>, context: ActorContext): Promise<Event[]> {
      const { product, amount } = event.getBody();
      onContext?.(context);
      await using _lock = await this.locks.tryLock(product);
      const before = (await this.totals.find(product))?.amount ?? 0;
      await this.totals.upsert({ id: product, amount: before + amount * factor });
      await this.counters.increment("ReplaySold", product, amount * factor, { once: event.id });
      await this.labels.upsert(product, `${product}: ${amount}`);
      if (product === refuses) throw new RejectEvent(`no ${product}`);
      return announces({ product, amount }).map((one) => new Event("Announced", { product: one, amount }));
    }
  }
  injects(Totals, counterStore, Labels, lockStore)(TotalsActor);
  actorDescription("Sales-Totals", { publishes: ["Announced"], ordered: true })(TotalsActor);
  return TotalsActor;
}

/** Runs the first version over three sales, beside another subscription that announces as well. */
async function past(keep: readonly string[] = ["Sales", "Announced"]): Promise<Provider> {
  const provider = new MemoryProvider();
  const beside = actor("Sales-Beside", (event: Event) => [new Event("Announced", event.getBody<Sale>())]);
  const hive = await createHive({
    actors: [totals(), beside],
    publishes: ["Announced"],
    keep: Object.fromEntries(keep.map((topic) => [topic, "forever"])),
    provider,
    logger: silentLogger,
  });
  await hive.start();
  for (const [n, product] of ["lamp", "desk", "lamp"].entries())
    await hive.push(new Event("Sales", { product, amount: n + 1 }, { id: `s${n}`, partitionKey: product }));
  await hive.whenIdle();
  await hive.stop();
  return provider;
}

const clear = [Totals, { counter: "ReplaySold" }];

function over(provider: Provider, version: Version, more: Partial<ReplayOptions> = {}): Promise<ReplayReport> {
  const actors = [totals(version)];
  return replay({ provider, actors, subscription: "Sales-Totals", clear, logger: silentLogger, ...more });
}

const none = { same: 0, changed: 0, added: 0, missing: 0 };

test("the same version gives the same outputs and writes", async () => {
  const provider = await past();
  const report = await over(provider, {});
  assert.equal([report.events, report.from, report.to, report.failures], [3, 0, 3, 0]);
  assert.equal(report.outputs, { ...none, same: 3 });
  assert.equal(report.writes, { ...none, same: 6 }, "two of each: totals, counters, labels");
  assert.equal([report.differences, report.notCompared], [[], {}]);
  await provider.close();
});

test("a changed version is told apart, by its outputs and its writes", async () => {
  const provider = await past();
  const announces = ({ product, amount }: Sale): string[] =>
    product === "desk" ? [] : amount === 1 ? ["LAMP"] : [product, "again"];
  const { outputs, writes, differences } = await over(provider, { factor: 2, announces });
  assert.equal(outputs, { same: 1, changed: 1, added: 1, missing: 1 });
  assert.equal(writes, { ...none, same: 2, changed: 4 });
  const [first, second] = differences;
  assert.equal(first, {
    kind: "output",
    change: "changed",
    position: 0,
    eventId: "s0",
    eventType: "Announced",
    queueName: "Announced-",
    was: '{"product":"lamp","amount":1}',
    is: '{"product":"LAMP","amount":1}',
  });
  assert.equal([second?.kind, (second as { change?: string }).change], ["output", "missing"]);
  assert.equal(
    differences.filter(({ kind }) => kind === "write").map((one) => ({ ...one, kind: undefined })),
    [
      {
        kind: undefined,
        change: "changed",
        store: "collection/ReplayTotals",
        id: "lamp",
        was: '{"id":"lamp","amount":4}',
        is: '{"id":"lamp","amount":8}',
      },
      { kind: undefined, change: "changed", store: "counter/ReplaySold", id: "lamp", was: "4", is: "8" },
      {
        kind: undefined,
        change: "changed",
        store: "collection/ReplayTotals",
        id: "desk",
        was: '{"id":"desk","amount":2}',
        is: '{"id":"desk","amount":4}',
      },
      { kind: undefined, change: "changed", store: "counter/ReplaySold", id: "desk", was: "2", is: "4" },
    ],
  );
  await provider.close();
});

test("an actor that throws has no outputs and no writes", async () => {
  const provider = await past();
  const { failures, outputs, writes, differences } = await over(provider, { refuses: "desk" });
  assert.equal([failures, outputs], [1, { ...none, same: 2 }]);
  assert.equal(writes, { ...none, same: 3, missing: 2 }, "labels were not cleared, so none is looked for");
  assert.equal(differences[0], {
    kind: "failure",
    position: 1,
    eventId: "s1",
    error: "Rejected",
    message: "no desk",
  });
  await provider.close();
});

test("outputs to topics that keep nothing are counted, not compared", async () => {
  const provider = await past(["Sales"]);
  const { outputs, notCompared, differences } = await over(provider, {});
  assert.equal([outputs, notCompared, differences], [none, { "Announced-": 3 }, []]);
  await provider.close();
});

test("a replay changes nothing, and tells the actor", async () => {
  const provider = await past();
  const { queues, stores } = provider;
  const read = async (): Promise<unknown> => [
    await stores.collection("ReplayTotals").find("lamp"),
    await stores.counters.get("ReplaySold", "lamp"),
    await Promise.all(((await queues.log?.topics()) ?? []).map(async (topic) => queues.log?.range(topic))),
    await Promise.all(((await queues.names?.()) ?? []).map((name) => queues.counts(name))),
  ];
  const before = await read();
  const contexts: unknown[] = [];
  await using lock = await stores.locks.tryLock("lamp");
  assert.ok(lock);
  const { differences } = await over(provider, {
    onContext: ({ replayed, clock }) => contexts.push([replayed?.position, clock.now() <= Date.now()]),
  });
  assert.equal(differences, []);
  assert.equal(contexts, [
    [0, true],
    [1, true],
    [2, true],
  ]);
  assert.equal(await read(), before);
  await provider.close();
});

test("outputs that a rewind published a second time are no difference", async () => {
  const provider = await past();
  const again = await createHive({ actors: totals(), provider, logger: silentLogger });
  await again.queue("Sales-Totals").rewind({ to: "beginning", outputs: "publish", clear });
  await again.start();
  await again.whenIdle();
  await again.stop();
  const { outputs, differences } = await over(provider, {});
  assert.equal([outputs, differences], [{ ...none, same: 3 }, []]);
  await provider.close();
});

test("without clear it reads stores as they are now, and says so", async () => {
  const provider = await past();
  const { writes, notes } = await over(provider, {}, { clear: [] });
  assert.equal(writes, { ...none, same: 2, changed: 2 }, "counters know the events by once");
  assert.match(notes.join(), /^collection\/ReplayTotals: read as it is now/);
  await provider.close();
});

test("a part of the past, and a list of a few differences", async () => {
  const provider = await past();
  const part = await over(provider, { factor: 3 }, { from: 1, to: 2, clear: [], maxDifferences: 1 });
  assert.equal([part.events, part.from, part.to, part.outputs.same, part.differences.length], [1, 1, 2, 1, 1]);
  const empty = await over(provider, {}, { from: new Date(Date.now() + 60_000) });
  assert.equal([empty.events, empty.outputs], [0, none]);
  await provider.close();
});

test("wrong options and stores that cannot be read are refused", async () => {
  const provider = await past();
  await throwsCode("InvalidConfiguration", () => over(provider, {}, { subscription: "Sales-" }));
  await throwsCode("InvalidConfiguration", () => over(provider, {}, { subscription: "Announced-Mail" }));
  await throwsCode("InvalidConfiguration", () => over(provider, {}, { from: "now" as "beginning" }));
  const stores = { ...provider.stores } as Provider["stores"];
  const wrapped = {
    ...provider,
    name: "wrapped",
    queues: provider.queues,
    capabilities: provider.capabilities,
    stores,
  };
  await throwsCode("InvalidState", () => over(wrapped, {}));
  await provider.close();
});

test("an abort ends a replay whose actor never ends", async () => {
  const provider = new MemoryProvider();
  const past = await createHive({ provider, keep: { "Hung-": "30d" }, publishes: ["Hung"], logger: silentLogger });
  await past.setup();
  await past.push(new Event("Hung", {}));
  const over = new AbortController();
  const hanging = actor("Hung-Work", () => {
    over.abort(new Error("enough"));
    return new Promise<void>(() => {});
  });
  const { signal } = over;
  const work = replay({ provider, actors: hanging, subscription: "Hung-Work", signal, logger: silentLogger });
  assert.is(await work.catch((error: unknown) => (error as Error).message), "enough");
  await provider.close();
});

test.run();
