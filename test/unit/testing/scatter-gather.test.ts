import {
  actorDescription,
  collectionStore,
  eventType,
  injects,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { given, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";

/** The recipe of docs/scatter-gather.md under load. */
const test = suite("scatter and gather");

interface Quotes {
  readonly id: string;
  readonly asked: readonly string[];
  readonly prices: Readonly<Record<string, number>>;
}

const TripRequested = eventType<{ tripId: string; carriers: readonly string[] }>("TripRequested");
const QuoteRequested = eventType<{ tripId: string; carrier: string }>("QuoteRequested");
const QuoteGiven = eventType<{ tripId: string; carrier: string; price: number }>("QuoteGiven");
const TripQuoted = eventType<{ tripId: string; price: number }>("TripQuoted");
const AllQuotes = collectionStore<Quotes>("Quotes");

@actorDescription("TripRequested-Scatter")
@injects(AllQuotes)
class RequestQuotes implements ProcessorActor {
  readonly #quotes: CollectionStore<Quotes>;

  constructor(quotes: CollectionStore<Quotes>) {
    this.#quotes = quotes;
  }

  async processAsync(event: Event): Promise<Event[]> {
    const { tripId, carriers } = TripRequested.read(event);
    if (!(await this.#quotes.exists(tripId))) await this.#quotes.insert({ id: tripId, asked: carriers, prices: {} });
    return carriers.map((carrier) => QuoteRequested.create({ tripId, carrier }));
  }
}

@actorDescription("QuoteRequested-Carrier", { parallelism: 100 })
class Carrier implements ProcessorActor {
  processAsync(event: Event): Event[] {
    const { tripId, carrier } = QuoteRequested.read(event);
    return [QuoteGiven.create({ tripId, carrier, price: Number(carrier) })];
  }
}

let runs = 0;

@actorDescription("QuoteGiven-Gather", { publishes: ["TripQuoted"], parallelism: 100, retry: { maxAttempts: 1 } })
@injects(AllQuotes)
class GatherQuotes implements ProcessorActor {
  readonly #quotes: CollectionStore<Quotes>;

  constructor(quotes: CollectionStore<Quotes>) {
    this.#quotes = quotes;
  }

  async processAsync(event: Event): Promise<Event[]> {
    runs++;
    const { tripId, carrier, price } = QuoteGiven.read(event);
    const before = await this.#quotes.get(tripId);
    const after = { ...before, prices: { ...before.prices, [carrier]: price } };
    await this.#quotes.update(after);
    if (Object.keys(after.prices).length < after.asked.length) return [];
    return [TripQuoted.create({ tripId, price: Math.min(...Object.values(after.prices)) })];
  }
}

const actors = [RequestQuotes, Carrier, GatherQuotes];
const carriers = Array.from({ length: 30 }, (_, index) => `${index + 7}`);

test("of thirty colliding quotes none is lost, and one is the last", async () => {
  runs = 0;
  const hive = await TestHive.start({ actors });
  await hive.push(TripRequested.create({ tripId: "t", carriers }));
  await hive.settle();
  const { prices } = await hive.stores.collection<Quotes>("Quotes").get("t");
  assert.equal(Object.keys(prices).toSorted(), carriers.toSorted());
  assert.is(
    hive
      .tree()
      .toString()
      .match(/TripQuoted/g)?.length,
    1,
  );
  assert.is((await hive.deadLetters("QuoteGiven-Gather")).length, 0);
  // In memory, steps on one item take turns.
  assert.is(runs, carriers.length);
  await hive.stop();
});

test("repeated quotes do not change the price", async () => {
  const hive = await TestHive.start({ actors });
  await hive.push(TripRequested.create({ tripId: "t", carriers: ["5", "3"] }));
  await hive.settle();
  await hive.push(QuoteGiven.create({ tripId: "t", carrier: "3", price: 3 }));
  await hive.settle();
  assert.equal((await hive.stores.collection<Quotes>("Quotes").get("t")).prices, { 3: 3, 5: 5 });
  await hive.stop();
});

const known: Quotes = { id: "t", asked: ["a", "b"], prices: {} };

test("the first quote is stored, and nothing follows", async () => {
  const gathered = given({ Quotes: [known] }).when(
    QuoteGiven.create({ tripId: "t", carrier: "a", price: 9 }),
    GatherQuotes,
  );
  await gathered.then([]);
  await gathered.thenStores(async (stores) =>
    assert.equal((await stores.collection<Quotes>("Quotes").get("t")).prices, { a: 9 }),
  );
});

test("the last quote leads to the best price", async () => {
  await given({ Quotes: [{ ...known, prices: { b: 4 } }] })
    .when(QuoteGiven.create({ tripId: "t", carrier: "a", price: 9 }), GatherQuotes)
    .then([TripQuoted.create({ tripId: "t", price: 4 })]);
});

test.run();
