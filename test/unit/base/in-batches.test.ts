import * as assert from "uvu/assert";
import { inBatches } from "../../../src/base/in-batches.ts";
import { suite } from "../../support/suite.ts";

const test = suite("in batches");
const items = Array.from({ length: 250 }, (_, n) => n);
const turn = (): Promise<void> => new Promise(setImmediate);

test("items are handled a hundred at a time, all in the end", async () => {
  const done: number[] = [];
  let atWork = 0;
  let most = 0;
  const all = await inBatches(items, async (item) => {
    most = Math.max(most, ++atWork);
    await turn();
    atWork--;
    done.push(item);
  });
  assert.equal([all, most, done], [true, 100, items]);
});

test("a failure finishes its batch and starts no other", async () => {
  const done: number[] = [];
  const work = async (item: number): Promise<void> => {
    if (item === 3) throw new Error("three");
    await turn();
    done.push(item);
  };
  const failure = await inBatches(items, work).catch((error: unknown) => error);
  assert.is((failure as Error).message, "three");
  assert.equal([done.length, done.at(-1)], [99, 99]);
});

test("an aborted signal starts no other batch", async () => {
  const abort = new AbortController();
  let done = 0;
  const all = await inBatches(
    items,
    async () => {
      done++;
      abort.abort();
    },
    abort.signal,
  );
  assert.equal([all, done], [false, 100]);
});

test.run();
