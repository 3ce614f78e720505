/** The container of a hive: its checks at the start, and its end. */
import { Container, injectable, preDestroy } from "inversify";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { actorDescription } from "../../../../src/actors/actor.ts";
import { createHive } from "../../../../src/hive/hive.ts";
import { Container as LateContainer, injects, token } from "../../../../src/actors/injection/container.ts";
import { Event } from "../../../../src/events/event.ts";
import type { CollectionStore, CounterStore, Identified } from "../../../../src/contract/stores.ts";
import { collectionStore, counterStore } from "../../../../src/actors/injection/tokens.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("container of a hive");

interface Order extends Identified {
  readonly id: string;
}
const Orders = collectionStore<Order>("Orders");
const Greeting = token<string>("greeting");

class Base {
  async processAsync(): Promise<void> {}
}

test("InvalidState explains a singleton that kept the store of a step", async () => {
  @injects(counterStore)
  class Cache {
    constructor(readonly counters: CounterStore) {}
  }
  @injects(Cache)
  class Actor {
    constructor(readonly cache: Cache) {}
    async processAsync(): Promise<void> {
      await this.cache.counters.increment("Runs", "a", 1);
    }
  }
  actorDescription("CachedOrder-Actor", { parallelism: 1 })(Actor);
  const container = new Container();
  container.bind(Cache).toSelf().inSingletonScope();
  const provider = new MemoryProvider();
  await using hive = await createHive({
    actors: Actor,
    container,
    provider,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await hive.start();
  await hive.push(new Event("CachedOrder", 1));
  await hive.whenIdle();
  await hive.push(new Event("CachedOrder", 2));
  await hive.whenIdle();
  const letters = [];
  for await (const letter of hive.queue("CachedOrder-Actor").deadLetters()) letters.push(letter);
  assert.equal(
    letters.map(({ event }) => event.getBody()),
    [2],
  );
  assert.match(letters[0]?.reason ?? "", /A store was used after its step was over.*singleton.*hive\.store\(token\)/s);
  assert.is(await hive.provider.stores.counters.get("Runs", "a"), 1);
  await provider.close();
});

test("a start lists all missing bindings and runs nothing", async () => {
  @injects(Orders, Greeting)
  class Unbound extends Base {
    constructor(
      readonly orders: CollectionStore<Order>,
      readonly greeting: string,
    ) {
      super();
    }
  }
  class Silent extends Base {
    constructor(readonly orders: CollectionStore<Order>) {
      super();
    }
  }
  @injects(Greeting)
  class Bound extends Base {
    constructor(readonly greeting: string) {
      super();
    }
  }
  class Own extends Base {
    constructor(readonly port: number) {
      super();
    }
  }
  @injects(undefined as unknown as typeof Orders)
  class Circular extends Base {
    constructor(readonly orders: CollectionStore<Order>) {
      super();
    }
  }
  const actors = [Unbound, Silent, Circular, Bound, Own];
  actors.forEach((actor) => actorDescription(`Checked-${actor.name}`)(actor));
  await using hive = await createHive({ actors: [Unbound, Silent, Circular] });
  const { message } = await throwsCode("InvalidConfiguration", () => hive.start());
  assert.match(message, "Unbound -> greeting: nothing binds greeting in the container of the hive");
  assert.match(message, "Silent has a constructor with parameters but no @injects");
  assert.match(
    message,
    "Circular injects undefined as dependency 1: is it imported from a module that imports this one?",
  );
  assert.not.match(message, "Orders");
  const container = new Container();
  container.bind(Greeting).toConstantValue("hello");
  container.bind(Own).toDynamicValue(() => new Own(80));
  await using well = await createHive({ actors: [Bound, Own], container });
  await well.start();
});

test("an actor that is a singleton is made once, another for each event", async () => {
  const made: string[] = [];
  @injectable("Singleton")
  @actorDescription("Ping-Once")
  class Once {
    constructor() {
      made.push("once");
    }
    async processAsync(): Promise<void> {}
  }
  @actorDescription("Ping-Each")
  class Each {
    constructor() {
      made.push("each");
    }
    async processAsync(): Promise<void> {}
  }
  await using hive = await createHive({ actors: [Once, Each] });
  await hive.start();
  await hive.push([new Event("Ping"), new Event("Ping")]);
  await hive.whenIdle();
  assert.equal(made.sort(), ["each", "each", "once"]);
});

test("a stopping hive releases its own singletons", async () => {
  let closed = 0;
  @injectable("Singleton")
  class Pool {
    @preDestroy()
    close(): void {
      closed++;
    }
  }
  class Reader {
    constructor(readonly pool: Pool) {}
    async processAsync(): Promise<void> {}
  }
  injects(Pool)(Reader);
  actorDescription("Ping-Reader")(Reader);
  const hive = await createHive({ actors: Reader });
  await hive.start();
  await hive.push(new Event("Ping"));
  await hive.whenIdle();
  assert.is(closed, 0);
  await hive.stop();
  assert.is(closed, 1);
});

test("the exported Container is the class of inversify, loaded late", () => {
  class Mine extends LateContainer {}
  for (const container of [new LateContainer(), new Mine()]) {
    assert.instance(container, LateContainer);
    assert.is(container.bind(Greeting).toConstantValue("hello") && container.get(Greeting), "hello");
  }
  assert.instance(new Mine(), Mine);
  assert.not.instance(new LateContainer(), Mine);
  assert.is(LateContainer.name, "Container");
});

test.run();
