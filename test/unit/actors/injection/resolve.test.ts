import * as assert from "uvu/assert";
import {
  actor,
  actorDescription,
  bodyOf,
  collectionStore,
  eventType,
  storeOf,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "../../../../src/index.ts";
import { TestHive } from "../../../../src/testing/index.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const Asked = eventType("Asked", bodyOf<{ id: string }>());
const Answers = collectionStore<{ id: string }>("Answers");

/** Only the container of the test knows what its constructor takes. */
class Foreign implements ProcessorActor {
  readonly #answers: CollectionStore<{ id: string }>;
  readonly #fails: boolean;

  constructor(answers: CollectionStore<{ id: string }>, fails: boolean) {
    this.#answers = answers;
    this.#fails = fails;
  }

  async processAsync() {
    await this.#answers.upsert({ id: "foreign" });
    if (this.#fails) throw new Error("after the write");
  }
}
actorDescription("Asked-Foreign", { retry: { maxAttempts: 1 } })(Foreign);

const Own = actor("Asked-Own", Asked, { uses: { answers: Answers } }, async ({ answers }) => {
  await answers.upsert({ id: "own" });
});

async function answersOf(fails: boolean): Promise<readonly string[]> {
  let made = 0;
  await using hive = await TestHive.start({
    actors: [Foreign, Own],
    resolve: (actorType, stores) => {
      if (actorType !== Foreign) return undefined;
      made++;
      return new Foreign(storeOf(Answers, stores), fails);
    },
  });
  await hive.push([Asked.create({ id: "1" }), Asked.create({ id: "2" })]);
  await hive.settle();
  assert.is(made, 2);
  const answers: string[] = [];
  for await (const { id } of hive.hive.store(Answers).all()) answers.push(id);
  return answers;
}

const test = suite("actors of another container");

test("the resolver makes an actor for each event, and the hive the others", async () => {
  assert.equal(await answersOf(false), ["foreign", "own"]);
});

test("the stores that a resolver gets belong to the step", async () => {
  assert.equal(await answersOf(true), ["own"]);
});

test("a resolver that fails is a failure of the event that names the actor", async () => {
  await using hive = await TestHive.start({
    actors: Foreign,
    resolve: () => {
      throw new Error("no gateway");
    },
  });
  await hive.push(Asked.create({ id: "1" }));
  await hive.settle();
  const [letter] = await hive.deadLetters("Asked-Foreign");
  assert.match(letter?.errorMessage ?? "", "Foreign cannot be made: a dependency failed: no gateway");
});

test("a resolver that is no function is refused", async () => {
  const resolve = "nest" as unknown as () => undefined;
  const { message } = await throwsCode("InvalidConfiguration", () => TestHive.start({ actors: Own, resolve }));
  assert.match(message, "resolve must be a function");
});

test("an actor is disposed by its own class, not by that of the last", async () => {
  let disposed = 0;
  class Plain implements ProcessorActor {
    async processAsync(): Promise<void> {}
  }
  class Closing extends Plain {
    [Symbol.dispose](): void {
      disposed++;
    }
  }
  actorDescription("Asked-Plain", { parallelism: 1 })(Plain);
  const classes = [Plain, Closing, Plain, Closing];
  await using hive = await TestHive.start({
    actors: Plain,
    resolve: () => new (classes.shift() ?? Plain)(),
  });
  await hive.push(["1", "2", "3", "4"].map((id) => Asked.create({ id })));
  await hive.settle();
  assert.equal([classes.length, disposed], [0, 2]);
});

test("an actor that gets a dispose of its own as it works is disposed", async () => {
  const disposed: string[] = [];
  @actorDescription("Asked-Opening", { parallelism: 1 })
  class Opening implements ProcessorActor {
    [Symbol.asyncDispose]?: () => Promise<void>;

    constructor() {
      delete this[Symbol.asyncDispose];
    }

    async processAsync(event: Event<{ id: string }>): Promise<void> {
      const { id } = event.getBody();
      if (id !== "plain") this[Symbol.asyncDispose] = async () => void disposed.push(id);
    }
  }
  await using hive = await TestHive.start({ actors: Opening });
  await hive.push(["plain", "1", "plain", "2"].map((id) => Asked.create({ id })));
  await hive.settle();
  assert.equal(disposed, ["1", "2"]);
});

test.run();
