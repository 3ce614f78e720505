import * as assert from "uvu/assert";
import { inject, LazyServiceIdentifier } from "inversify";
import { injectedStores } from "../../../../src/actors/injection/injected-stores.ts";
import {
  collectionStore,
  counterStore,
  injects,
  keyedListStore,
  keyValueStore,
  lockStore,
  token,
} from "../../../../src/index.ts";
import { storeKinds } from "../../../../src/actors/injection/tokens.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("stores that are injected");
const kindsOf = (...types: readonly object[]): string[] => [...injectedStores(types)].toSorted();
const all = [...storeKinds].toSorted();

/** A class with these dependencies. */
function injecting(...dependencies: readonly unknown[]): new () => object {
  class Injects {
    constructor(..._: readonly unknown[]) {}
  }
  injects(...(dependencies as never[]))(Injects as never);
  return Injects;
}

test("stores of each kind are found", () => {
  assert.equal(kindsOf(), []);
  assert.equal(kindsOf(injecting()), []);
  assert.equal(kindsOf(injecting(counterStore), injecting(lockStore)), ["counters", "locks"]);
  assert.equal(kindsOf(injecting(collectionStore("KindsC"), keyedListStore("KindsK"), keyValueStore("KindsV"))), [
    "collection",
    "key-value",
    "keyed list",
  ]);
});

test("stores below dependencies and in base classes are found", () => {
  const Below = injecting(counterStore);
  class Derived extends injecting(lockStore) {}
  assert.equal(kindsOf(injecting(Below, injecting(Below))), ["counters"]);
  assert.equal(kindsOf(Derived), ["locks"]);
});

test("a class without dependencies has no stores", () => {
  class Plain {}
  class Derived extends Plain {}
  assert.equal(kindsOf(Plain, Derived), []);
});

test("dependencies named by inversify's own decorators are seen", () => {
  class Field {}
  inject(counterStore)(Field.prototype, "counters");
  class Later {
    constructor(readonly locks: unknown) {}
  }
  inject(new LazyServiceIdentifier(() => lockStore))(Later, undefined, 0);
  assert.equal(kindsOf(injecting(Field), Later), ["counters", "locks"]);
});

test("a dependency that only a container knows may be any store", () => {
  class Needs {
    constructor(readonly something: unknown) {}
  }
  for (const one of [injecting(token("Gateway")), Needs, injecting(Needs)]) assert.equal(kindsOf(one), all);
});

test.run();
