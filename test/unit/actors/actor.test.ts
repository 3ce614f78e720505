import * as assert from "uvu/assert";
import { actorDescription, subscriptionsOf, type ActorClass } from "../../../src/actors/actor.ts";
import { actorsFrom } from "../../../src/actors/actors-from.ts";
import { compiled } from "../../support/compile.ts";
import { suite } from "../../support/suite.ts";

const test = suite("@actorDescription", { timeoutMs: 30_000 });
const namesOf = (actorType: ActorClass): string[] => subscriptionsOf(actorType).map(({ queueName }) => queueName);

@actorDescription("First-Actor", { parallelism: 1 })
@actorDescription("Second-Actor", { parallelism: 2 })
@actorDescription("Third")
class Decorated {
  async processAsync(): Promise<void> {}
}

test("several decorators are subscriptions in the order of the source", async () => {
  assert.equal(namesOf(Decorated), ["First-Actor", "Second-Actor", "Third"]);
  const descriptors = actorsFrom(Decorated);
  assert.equal(
    descriptors.map(({ name, parallelism }) => [name, parallelism]),
    [
      ["Decorated", 1],
      ["Decorated", 2],
      ["Decorated", 10],
    ],
  );
});

test("a subclass inherits no subscription", () => {
  class Sub extends Decorated {}
  assert.equal(namesOf(Sub), []);
  @actorDescription("Own-Actor")
  class Own extends Decorated {}
  assert.equal([namesOf(Own), namesOf(Decorated).length], [["Own-Actor"], 3]);
});

test("the decorator works as a plain function call", () => {
  class Plain {
    async processAsync(): Promise<void> {}
  }
  actorDescription("Second-Plain")(Plain);
  actorDescription("First-Plain")(Plain);
  assert.equal(namesOf(Plain), ["First-Plain", "Second-Plain"]);
});

test("a decorated class shows nothing on its instances or among its keys", () => {
  assert.equal([Object.keys(Decorated), Object.keys(new Decorated())], [[], []]);
});

const source = `
import { actorDescription } from "../../src/actors/actor.ts";
import { injects, token } from "../../src/actors/injection/container.ts";
export const Greeting = token<string>("greeting");
@actorDescription("First-Actor", { parallelism: 1 })
@actorDescription("Second-Actor", { parallelism: 2 })
@actorDescription("Third")
@injects(Greeting)
export class Compiled {
  constructor(readonly greeting: string) {}
  async processAsync() {}
}
export class Sub extends Compiled {}
`;
for (const compiler of ["esbuild", "tsc"] as const) {
  for (const mode of ["legacy", "standard"] as const) {
    test(`${mode} decorators compiled by ${compiler} give the same descriptors`, async () => {
      const { Compiled, Sub } = (await compiled(source, compiler, mode)) as Record<string, ActorClass>;
      assert.equal(namesOf(Compiled as ActorClass), namesOf(Decorated));
      assert.equal(
        subscriptionsOf(Compiled as ActorClass).map(({ options }) => options),
        [{ parallelism: 1 }, { parallelism: 2 }, {}],
      );
      assert.equal(namesOf(Sub as ActorClass), []);
    });
  }
}

test.run();
