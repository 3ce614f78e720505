import { Container, inject, injectable, postConstruct, type ServiceIdentifier } from "inversify";
import * as assert from "uvu/assert";
import { actorDescription, type ActorClass, type ActorDescriptor } from "../../../../src/actors/actor.ts";
import { actorsFrom } from "../../../../src/actors/actors-from.ts";
import {
  ActorContainer,
  Container as LateContainer,
  injects,
  token,
} from "../../../../src/actors/injection/container.ts";
import { silentLogger } from "../../../../src/base/logger.ts";
import type { Step } from "../../../../src/contract/provider.ts";
import type { CollectionStore, Identified, Stores } from "../../../../src/contract/stores.ts";
import {
  collectionStore,
  counterStore,
  keyedListStore,
  keyValueStore,
  lockStore,
} from "../../../../src/actors/injection/tokens.ts";
import { compiled } from "../../../support/compile.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("Container", { timeoutMs: 30_000 });

interface Order extends Identified {
  readonly id: string;
}
const Orders = collectionStore<Order>("Orders");
const Greeting = token<string>("greeting");

/** Stores that are distinguishable. */
function storesNamed(name: string): Stores {
  const store = { name } as never;
  return { collection: () => store, keyedList: () => store, keyValue: () => store, counters: store, locks: store };
}
const nameOf = (store: unknown): string => (store as { name: string }).name;

const stepOf = (name: string): Step => ({ stores: storesNamed(name), async commit() {}, cancel() {}, discard() {} });

async function descriptorOf(actorType: ActorClass): Promise<ActorDescriptor> {
  actorDescription("Topic-Sub")(actorType);
  const [descriptor] = actorsFrom(actorType);
  return descriptor as ActorDescriptor;
}

async function resolved<T extends ActorClass>(
  actorType: T,
  parent?: Container,
  step: Step = stepOf("step"),
): Promise<InstanceType<T>> {
  const container = new ActorContainer(storesNamed("direct"), parent);
  return (await container.resolve(await descriptorOf(actorType), step)) as InstanceType<T>;
}

class Base {
  async processAsync(): Promise<void> {}
}

test("@injects passes the stores of the step and the bound classes", async () => {
  @injects(Orders, Greeting)
  class Actor extends Base {
    constructor(
      readonly orders: CollectionStore<Order>,
      readonly greeting: string,
    ) {
      super();
    }
  }
  const parent = new Container();
  parent.bind(Greeting).toConstantValue("hello");
  const actor = await resolved(Actor, parent);
  assert.equal([nameOf(actor.orders), actor.greeting], ["step", "hello"]);
});

test("inversify's own @inject works on parameters and properties", async () => {
  @injectable()
  class Actor extends Base {
    @inject(Greeting) readonly greeting!: string;
    constructor(@inject(Orders) readonly orders: CollectionStore<Order>) {
      super();
    }
  }
  const parent = new Container();
  parent.bind(Greeting).toConstantValue("hello");
  const actor = await resolved(Actor, parent);
  assert.equal([nameOf(actor.orders), actor.greeting], ["step", "hello"]);
});

test("each token of a store gives the store of the step", async () => {
  @injects(Orders, keyedListStore<Order>("Parked"), keyValueStore("Files"), counterStore, lockStore)
  class Actor extends Base {
    readonly all: unknown[];
    constructor(...all: unknown[]) {
      super();
      this.all = all;
    }
  }
  assert.equal((await resolved(Actor)).all.map(nameOf), ["step", "step", "step", "step", "step"]);
});

test("an unbound gateway is made for each actor, with the step's store", async () => {
  @injects(Orders)
  class Gateway {
    constructor(readonly orders: CollectionStore<Order>) {}
  }
  @injects(Gateway)
  class Actor extends Base {
    constructor(readonly gateway: Gateway) {
      super();
    }
  }
  const container = new ActorContainer(storesNamed("direct"), undefined);
  const descriptor = await descriptorOf(Actor);
  const actors = (await Promise.all(
    ["one", "two"].map(async (name) => container.resolve(descriptor, stepOf(name))),
  )) as Actor[];
  assert.equal(
    actors.map(({ gateway }) => nameOf(gateway.orders)),
    ["one", "two"],
  );
});

test("a bound gateway has the store of the step", async () => {
  @injects(Orders)
  class Gateway {
    constructor(readonly orders: CollectionStore<Order>) {}
  }
  @injects(Gateway)
  class Actor extends Base {
    constructor(readonly gateway: Gateway) {
      super();
    }
  }
  const parent = new Container();
  parent.bind(Gateway).toSelf();
  assert.is(nameOf((await resolved(Actor, parent)).gateway.orders), "step");
});

test("an actor that waits for nothing is made at once, others later", async () => {
  class Plain extends Base {}
  @injectable()
  class Prepared extends Base {
    ready = false;
    @postConstruct()
    async prepare(): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      this.ready = true;
    }
  }
  const make = async (actorType: ActorClass): Promise<{ readonly made: unknown }> => {
    const container = new ActorContainer(storesNamed("direct"), undefined);
    const descriptor = await descriptorOf(actorType);
    container.check([descriptor], silentLogger);
    return { made: container.resolve(descriptor, stepOf("step")) };
  };
  assert.instance((await make(Plain)).made, Plain);
  const { made } = await make(Prepared);
  assert.instance(made, Promise);
  assert.is(((await made) as Prepared).ready, true);
});

test("dynamic and async values are injected beside stores of the step", async () => {
  const Later = token<string>("later");
  @injects(Greeting, Later, Orders)
  class Actor extends Base {
    constructor(
      readonly greeting: string,
      readonly later: string,
      readonly orders: CollectionStore<Order>,
    ) {
      super();
    }
  }
  const parent = new Container();
  let made = 0;
  parent.bind(Greeting).toDynamicValue(() => `hello ${++made}`);
  parent.bind(Later).toDynamicValue(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return "later";
  });
  const container = new ActorContainer(storesNamed("direct"), parent);
  const descriptor = await descriptorOf(Actor);
  const actors = (await Promise.all(
    ["one", "two"].map(async (name) => container.resolve(descriptor, stepOf(name))),
  )) as Actor[];
  assert.equal(
    actors.map(({ greeting, later, orders }) => [greeting, later, nameOf(orders)]),
    [
      ["hello 1", "later", "one"],
      ["hello 2", "later", "two"],
    ],
  );
});

test("every actor has the same singleton of the application", async () => {
  class Pool {}
  @injects(Pool)
  class Actor extends Base {
    constructor(readonly pool: Pool) {
      super();
    }
  }
  const parent = new Container();
  parent.bind(Pool).toSelf().inSingletonScope();
  const container = new ActorContainer(storesNamed("direct"), parent);
  const descriptor = await descriptorOf(Actor);
  const actors = [
    await container.resolve(descriptor, stepOf("one")),
    await container.resolve(descriptor, stepOf("two")),
  ] as Actor[];
  assert.is(actors[0]?.pool, actors[1]?.pool);
  assert.is.not(actors[0], actors[1]);
});

test("a token made after the container is found", async () => {
  const container = new ActorContainer(storesNamed("direct"), undefined);
  await container.resolve(await descriptorOf(class extends Base {}), stepOf("step"));
  @injects(collectionStore<Order>("MadeLater"))
  class Actor extends Base {
    constructor(readonly orders: CollectionStore<Order>) {
      super();
    }
  }
  const actor = (await container.resolve(await descriptorOf(Actor), stepOf("step"))) as Actor;
  assert.is(nameOf(actor.orders), "step");
});

test("the same name gives the same token", () => {
  assert.is(collectionStore<Order>("Orders"), Orders);
  assert.is.not(keyedListStore<Order>("Orders"), Orders);
  assert.is.not(token("greeting"), Greeting);
});

test("Unresolvable names the actor and the missing binding", async () => {
  @injects(Greeting)
  class Actor extends Base {
    constructor(readonly greeting: string) {
      super();
    }
  }
  const error = await throwsCode("Unresolvable", () => resolved(Actor));
  assert.match(error.message, /Actor cannot be made.*@injects.*greeting/s);
  assert.ok(error.retryable && error.cause instanceof Error);
});

test("Unresolvable keeps the cause of a failing constructor or value", async () => {
  class Broken extends Base {
    constructor() {
      super();
      throw new Error("no connection string");
    }
  }
  const error = await throwsCode("Unresolvable", () => resolved(Broken));
  assert.match(error.message, "Broken cannot be made: a dependency failed: no connection string");
  @injects(Greeting)
  class Actor extends Base {
    constructor(readonly greeting: string) {
      super();
    }
  }
  const parent = new Container();
  parent.bind(Greeting).toDynamicValue(() => Promise.reject(new Error("vault is sealed")));
  assert.match((await throwsCode("Unresolvable", () => resolved(Actor, parent))).message, "vault is sealed");
});

test("after a failed resolution the next actor has its own stores", async () => {
  let fails = true;
  @injects(Orders)
  class Actor extends Base {
    constructor(readonly orders: CollectionStore<Order>) {
      super();
      if (fails) throw new Error("once");
    }
  }
  const container = new ActorContainer(storesNamed("direct"), undefined);
  const descriptor = await descriptorOf(Actor);
  await throwsCode("Unresolvable", () => container.resolve(descriptor, stepOf("one")));
  fails = false;
  assert.is(nameOf((await container.resolve<Actor>(descriptor, stepOf("two"))).orders), "two");
});

for (const compiler of ["esbuild", "tsc"] as const) {
  for (const mode of ["legacy", "standard"] as const) {
    test(`@injects works as a ${mode} decorator compiled by ${compiler}`, async () => {
      const source = `
        import { injects, token } from "../../src/actors/injection/container.ts";
        export const Name = token<string>("name");
        @injects(Name)
        export class Compiled {
          constructor(readonly name: string) {}
          async processAsync() {}
        }`;
      const { Compiled, Name } = await compiled(source, compiler, mode);
      const parent = new Container();
      parent.bind(Name as ServiceIdentifier<string>).toConstantValue("injected");
      const actor = (await resolved(Compiled as ActorClass, parent)) as unknown as { name: string };
      assert.is(actor.name, "injected");
    });
  }
}

test("a name that no store can have is refused", async () => {
  for (const make of [collectionStore, keyedListStore, keyValueStore])
    await throwsCode("InvalidKey", () => make("Or ders"));
});

test("a hive takes a container of another copy of inversify", async () => {
  for (const One of [Container, LateContainer, class extends Container {}, class extends LateContainer {}]) {
    @injects(Greeting)
    class Actor extends Base {
      constructor(readonly greeting: string) {
        super();
      }
    }
    const parent = new One();
    parent.bind(Greeting).toConstantValue("hello");
    assert.is((await resolved(Actor, parent)).greeting, "hello");
  }
});

test.run();
