import * as assert from "uvu/assert";
import { inject, LazyServiceIdentifier } from "inversify";
import { injectedStores } from "../../../src/injection/injected-stores.ts";
import {
  collectionStore,
  counterStore,
  injects,
  keyedListStore,
  keyValueStore,
  lockStore,
  token,
} from "../../../src/index.ts";
import { storeKinds } from "../../../src/injection/tokens.ts";
import { suite } from "../../support/suite.ts";

const test = suite("stores that are injected");
const kindsOf = (...types: readonly object[]): string[] => [...injectedStores(types)].toSorted();
const all = [...storeKinds].toSorted();

/** A class that has these injected. */
function injecting(...dependencies: readonly unknown[]): new () => object {
  class Injects {
    constructor(..._: readonly unknown[]) {}
  }
  injects(...(dependencies as never[]))(Injects as never);
  return Injects;
}

test("given classes with stores of each kind, when they are looked at, then each kind is found", () => {
  assert.equal(kindsOf(), []);
  assert.equal(kindsOf(injecting()), []);
  assert.equal(kindsOf(injecting(counterStore), injecting(lockStore)), ["counters", "locks"]);
  assert.equal(kindsOf(injecting(collectionStore("KindsC"), keyedListStore("KindsK"), keyValueStore("KindsV"))), [
    "collection",
    "key-value",
    "keyed list",
  ]);
});

test("given stores below what is injected, or in a base class, when they are looked for, then they are found", () => {
  const Below = injecting(counterStore);
  class Derived extends injecting(lockStore) {}
  assert.equal(kindsOf(injecting(Below, injecting(Below))), ["counters"]);
  assert.equal(kindsOf(Derived), ["locks"]);
});

test("given a class without dependencies, when it is looked at, then it has no stores", () => {
  class Plain {}
  class Derived extends Plain {}
  assert.equal(kindsOf(Plain, Derived), []);
});

test("given what inversify's own decorators name, when it is looked at, then it is seen, a lazy name too", () => {
  class Field {}
  inject(counterStore)(Field.prototype, "counters");
  class Later {
    constructor(readonly locks: unknown) {}
  }
  inject(new LazyServiceIdentifier(() => lockStore))(Later, undefined, 0);
  assert.equal(kindsOf(injecting(Field), Later), ["counters", "locks"]);
});

test("given what only a container knows, when it is looked at, then it may be any kind", () => {
  class Needs {
    constructor(readonly something: unknown) {}
  }
  for (const one of [injecting(token("Gateway")), Needs, injecting(Needs)]) assert.equal(kindsOf(one), all);
});

test.run();
