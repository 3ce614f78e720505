/** Calls of stores in one run of an actor: which of them someone awaits. */
import { silentLogger, type Logger } from "beehive-actors";
import * as assert from "uvu/assert";
import { StoreCalls } from "../../../src/actors/store-calls.ts";
import type { CollectionStore, Identified, TransactionWork } from "../../../src/contract/stores.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("store calls");

/** A store, of which one call fails, and objects around it. */
class Stores {
  readonly #error = new RangeError("it failed");

  async fails(): Promise<void> {
    await turn();
    throw this.#error;
  }

  async works(): Promise<number> {
    await turn();
    return 1;
  }

  async *all(): AsyncGenerator<number> {
    yield* [1, 2];
  }

  as(): Stores {
    return new Stores();
  }

  get own(): Stores {
    return this.as();
  }

  transact<R>(_: string, work: TransactionWork<Identified, R>): Promise<R> {
    return work(this as unknown as CollectionStore<Identified>, () => {});
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function scene(store = new Stores()) {
  const errors: unknown[] = [];
  const error: Logger["error"] = (fields) => void errors.push((fields as { readonly err: unknown }).err);
  const calls = new StoreCalls({ logger: { ...silentLogger, error } });
  return { calls, errors, stores: calls.watch(store) };
}

test("a failed call that no one awaits is InvalidState, with its cause", async () => {
  const starts: readonly ((stores: Stores) => unknown)[] = [
    (stores) => void stores.fails(),
    (stores) => void stores.as().fails(),
    (stores) => void stores.own.fails(),
    (stores) => stores.transact("any", async (items) => void (items as unknown as Stores).fails()),
  ];
  for (const start of starts) {
    const { calls, stores } = scene();
    await start(stores);
    await turn();
    await turn();
    const { cause, message } = await throwsCode("InvalidState", () => calls.end());
    assert.instance(cause, RangeError);
    assert.match(message, "it failed");
  }
});

test("a call under way that no one awaits is InvalidState", async () => {
  const { calls, errors, stores } = scene();
  void stores.fails();
  await throwsCode("InvalidState", () => calls.end());
  await turn();
  await turn();
  assert.is((errors[0] as Error).message, "it failed");
});

test("a call that someone awaits is left to them", async () => {
  const { calls, errors, stores } = scene();
  const raced = Promise.race([stores.works(), stores.fails(), Promise.resolve(null)]);
  calls.end();
  assert.is(await raced, null);
  await turn();
  await turn();
  assert.equal(errors, []);
});

test("a call that succeeded needs no one who awaits it", async () => {
  const { calls, stores } = scene();
  void stores.works();
  await turn();
  await turn();
  calls.end();
  assert.is(await stores.works(), 1);
});

test("watched stores are like those behind them", async () => {
  const { stores } = scene(Object.freeze(new Stores()) as Stores);
  assert.instance(stores, Stores);
  assert.instance(stores.works(), Promise);
  const seen: number[] = [];
  for await (const one of stores.all()) seen.push(one);
  assert.equal(seen, [1, 2]);
});

test.run();
