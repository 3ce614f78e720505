/** Small systems that use all of the loop at once: what a simulation finds in them is a fault of the library. */
import {
  actorDescription,
  circuitBreaker,
  collectionStore,
  counterStore,
  eventType,
  identityOf,
  injects,
  type LockStore,
  type KeyValueStore,
  RejectEvent,
  lockStore,
  keyValueStore,
  keyedListStore,
  pulse,
  RetryLater,
  throttle,
  timeout,
  type ActorContext,
  type CollectionStore,
  type CounterStore,
  type Event,
  type KeyedListStore,
  type ProcessorActor,
  type Stores,
} from "beehive-actors";
import { simulate, type ProfileName, type SimulateOptions } from "beehive-actors/testing";
import { profileNames } from "../../../../src/analysis/simulation/faults.ts";
import { suite } from "../../../support/suite.ts";

/** `TORTURE_RUNS=5000 npm test -- simulation/torture` for more than a usual run has time for. */
const runs = Number(process.env["TORTURE_RUNS"] ?? 25);
const seed = Number(process.env["TORTURE_SEED"] ?? 1);
const test = suite("torture", { timeoutMs: Math.max(120_000, runs * 1_000) });

interface Account {
  readonly id: string;
  readonly etag?: string;
  readonly balance: number;
  readonly entries: readonly string[];
}

const Paid = eventType<{ account: string; amount: number; entry: string }>("Paid");
const Booked = eventType<{ account: string; entry: string }>("Booked");
const Checked = eventType<{ account: string }>("Checked");
const Kept = eventType<{ file: string }>("Kept");
const Stored = eventType<{ file: string }>("Stored");
const Files = keyValueStore("Files");
const Accounts = collectionStore<Account>("Accounts");
const Lines = keyedListStore<{ id: string }>("Lines");

/** Reads, changes and writes with an etag, and knows what it did by the entries. */
@actorDescription("Paid-Book", { ordered: true, publishes: ["Booked"], parallelism: 4 })
@injects(Accounts)
class BookActor implements ProcessorActor {
  constructor(private readonly accounts: CollectionStore<Account>) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { account, amount, entry } = Paid.read(event);
    const before: Account = (await this.accounts.find(account)) ?? { id: account, balance: 0, entries: [] };
    if (!before.entries.includes(entry)) {
      const after = { ...before, balance: before.balance + amount, entries: [...before.entries, entry] };
      await (before.etag !== undefined ? this.accounts.update(after) : this.accounts.insert(after));
    }
    return [Booked.create({ account, entry }, { partitionKey: account })];
  }
}

/** How often the next deliveries fail. */
let outages = 0;

/** Fails and delays by the attempt, behind every middleware. */
@actorDescription("Booked-List", {
  publishes: ["Checked"],
  middleware: [
    timeout("20s"),
    throttle({ limit: 2, per: "1s" }),
    circuitBreaker({ failures: 2, within: "10s", open: "5s", rate: 0.5 }),
  ],
  supervision: [{ on: RangeError, action: "pause", pause: "3s" }],
})
@injects(Lines, counterStore)
class ListActor implements ProcessorActor {
  constructor(
    private readonly lines: KeyedListStore<{ id: string }>,
    private readonly counters: CounterStore,
  ) {}

  async *processAsync(event: Event, { attempt, clock }: ActorContext): AsyncGenerator<Event> {
    const { account, entry } = Booked.read(event);
    if (attempt === 1 && entry.endsWith("1")) throw new RetryLater("2s");
    if (outages > 0 && outages-- > 0) throw new RangeError("not yet");
    await this.lines.insertIfAbsent("ByAccount", account, { id: entry });
    await this.counters.increment("Booked", account, 1, { once: identityOf(event) });
    yield Checked.create({ account }, { id: `${entry}-checked`, enqueueTime: new Date(clock.now() + 500) });
  }
}

@actorDescription("Checked-Count")
@actorDescription("Checked-Again")
@actorDescription("Minute-Count")
@injects(counterStore)
class CountActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<void> {
    await this.counters.increment(event.queueName.replace("-", "_"), "all", 1, { once: identityOf(event) });
  }
}

const entries = ["a1", "b1", "a2", "a3", "b2"];
const payments: SimulateOptions = {
  actors: [BookActor, ListActor, CountActor],
  push: entries.map((entry) => {
    const account = entry.charAt(0);
    return Paid.create({ account, amount: 10, entry }, { id: `paid-${entry}`, partitionKey: account });
  }),
  given: () => {
    outages = 3;
  },
  runs,
  seed,
};

async function inOrder(stores: Stores): Promise<void> {
  for await (const { id, balance, entries: booked } of stores.collection<Account>("Accounts").all()) {
    const expected = entries.filter((entry) => entry.startsWith(id));
    if (booked.join() !== expected.join() || balance !== 10 * expected.length)
      throw new Error(`account ${id} has ${booked.join()} and ${balance}`);
  }
}

for (const as of profileNames) {
  test(`payments on ${as} are booked once each, in order`, () =>
    simulate({ ...payments, as, invariant: inOrder, processes: 3 }).then(() => undefined));
}

for (const as of ["postgres", "aws"] satisfies ProfileName[]) {
  test(`each minute is counted once on ${as}, by however many processes`, () =>
    simulate({
      actors: CountActor,
      pulsers: [pulse("Minute", { every: "1m" })],
      publishes: ["Checked"],
      push: [Checked.create({ account: "a" })],
      lasts: "10m",
      as,
      runs,
      seed,
      faultsPerRun: 5,
      checks: { outcome: false },
      invariant: async ({ counters }, { tookMs }) => {
        const count = await counters.get("Minute_Count", "all");
        if (count > tookMs / 60_000 + 1) throw new Error(`${count} minutes in ${tookMs} ms`);
      },
    }).then(() => undefined));
}

/** Stops its process now and then, as supervision says. */
class BrokenDisk extends Error {}
let brokenDisks = 0;
let gone = 0;

@actorDescription("Kept-Store", {
  supervision: [{ on: BrokenDisk, action: "stop" }],
  failureLimit: { failures: 2, within: "1m", action: "pause", pause: "10s" },
  retry: { maxAttempts: 12, minDelay: "1s" },
  publishes: ["Stored"],
})
@injects(Files, counterStore, lockStore)
class StoreActor implements ProcessorActor {
  constructor(
    private readonly files: KeyValueStore,
    private readonly counters: CounterStore,
    private readonly locks: LockStore,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { file } = Kept.read(event);
    if (file === "bad") throw new RejectEvent("a bad file");
    await using lock = await this.locks.tryLock("disk", { ttl: "10s", wait: "1m" });
    if (!lock) throw new RetryLater("1s");
    if (brokenDisks > 0 && brokenDisks-- > 0) throw new BrokenDisk("broken");
    if (gone > 0 && gone-- > 0) throw new TypeError("gone");
    await this.files.upsert(`files/${file}`, file);
    await this.counters.increment("Files", "all", 1, { once: file });
    return [Stored.create({ file }), Stored.create({ file }, { queueName: "Log-", delivery: "log" })];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}

@actorDescription("Stored-Tell")
@actorDescription("Log-Tell")
@injects(counterStore)
class TellActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<void> {
    if (event.queueName === "Stored-Tell")
      await this.counters.increment("Told", Stored.read(event).file, 1, { once: identityOf(event) });
  }
}

for (const as of profileNames) {
  test(`files on ${as} are stored once each, the bad one is dead`, () =>
    simulate({
      actors: [StoreActor, TellActor],
      push: ["one", "two", "bad", "three"].map((file) => Kept.create({ file })),
      given: () => {
        [brokenDisks, gone] = [2, 3];
      },
      as,
      runs,
      seed,
      invariant: async (stores, { deadLetters }) => {
        const dead = deadLetters.map(({ event }) => Kept.read(event).file);
        if (dead.join() !== "bad") throw new Error(`dead are ${dead.join() || "none"}`);
        for (const file of ["one", "two", "three"])
          if ((await stores.counters.get("Told", file)) !== 1) throw new Error(`${file} was not told once`);
      },
    }).then(() => undefined));
}

test.run();
