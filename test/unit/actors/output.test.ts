import * as assert from "uvu/assert";
import { collect, type OutputSource } from "../../../src/actors/output.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { eventType } from "../../../src/events/event-type.ts";
import { Event, type EventOptions } from "../../../src/events/event.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const out = (body: unknown, options?: EventOptions): Event => new Event("Out", body, options);

const test = suite("outputs of an actor");

const source = (name: string, signal: AbortSignal = new AbortController().signal): OutputSource => ({
  descriptor: { name, maxOutputs: 3 },
  signal,
});

test("events of nothing, an array, an iterable or an async one are collected", async () => {
  const [a, b] = [out("a"), out("b")];
  for (const nothing of [undefined, null, []]) assert.equal(await collect(nothing, source("A")), []);
  assert.equal(await collect([a, b], source("A")), [a, b]);
  assert.equal(await collect(new Set([a, b]), source("A")), [a, b]);
  assert.equal(
    await collect(
      (function* () {
        yield a;
      })(),
      source("A"),
    ),
    [a],
  );
  assert.equal(
    await collect(
      (async function* () {
        yield a;
        yield b;
      })(),
      source("A"),
    ),
    [a, b],
  );
});

for (const [what, value, reason] of [
  ["a single event", out("a"), /ShipIt returned a single event/],
  ["a text", "text", /ShipIt returned a string/],
  ["a number", 7, /ShipIt returned a number/],
  ["an object", {}, /ShipIt returned an object/],
  ["an array of objects", [{}], /an object among its events/],
  ["an array with a promise", [Promise.resolve(out("a"))], /a promise among its events/],
  ["an array with nothing in it", [null], /null among its events/],
  ["an array with a hole", [undefined], /returned undefined among its events/],
  ["an array in an array", [[out("a")]], /an array among its events/],
  ["the Event of the DOM", [new globalThis.Event("Paid")], /an Event of another class.*Event from beehive-actors/],
  ["an event type", [eventType("Paid")], /the event type Paid among its events/],
] as const) {
  test(`${what} names the actor and its output in InvalidOutput`, async () => {
    assert.match((await throwsCode("InvalidOutput", () => collect(value as never, source("ShipIt")))).message, reason);
  });
}

test("a value that is no event in an async iterable names the actor", async () => {
  const values = async function* () {
    yield out("a");
    yield {} as Event;
  };
  const { message } = await throwsCode("InvalidOutput", () => collect(values(), source("ShipIt")));
  assert.match(message, "ShipIt returned an object among its events");
});

test("too many events are refused, and their generators ended", async () => {
  let open = 0;
  function* endless(): Generator<Event> {
    open++;
    try {
      for (;;) yield out("a");
    } finally {
      open--;
    }
  }
  async function* endlessOverTime(): AsyncGenerator<Event> {
    yield* endless();
  }
  assert.is((await collect([out("a"), out("b"), out("c")], source("A"))).length, 3);
  for (const output of [endless(), endlessOverTime(), Array.from({ length: 4 }, () => out("a"))]) {
    const { message } = await throwsCode("InvalidOutput", async () => collect(output, source("Flood")));
    assert.match(message, /Flood returned more than 3 events for one event.*Does its generator end\?.*maxOutputs/);
  }
  await Promise.resolve();
  assert.is(open, 0);
});

test("an abort ends an async iterable, which is read no further", async () => {
  const aborting = new AbortController();
  let open = false;
  let go = (): void => {};
  const slow = async function* (): AsyncGenerator<Event> {
    open = true;
    try {
      yield out("a");
      await new Promise<void>((resolve) => (go = resolve));
      yield out("b");
      yield out("c");
    } finally {
      open = false;
    }
  };
  const collected = throwsCode("LeaseLost", async () => collect(slow(), source("A", aborting.signal)));
  await new Promise(setImmediate);
  aborting.abort(new BeeHiveError("LeaseLost", "gone"));
  await collected;
  assert.is(open, true, "it is not waited for");
  go();
  await new Promise(setImmediate);
  assert.is(open, false);
});

test("an abort stops reading an iterable that cannot be ended", async () => {
  const aborting = new AbortController();
  let asked = 0;
  const next = async (): Promise<IteratorResult<Event>> => {
    if (++asked === 2) aborting.abort(new BeeHiveError("LeaseLost", "gone"));
    return { done: asked > 3, value: out("a") };
  };
  const values: AsyncIterable<Event> = { [Symbol.asyncIterator]: () => ({ next }) };
  await throwsCode("LeaseLost", async () => collect(values, source("A", aborting.signal)));
  await new Promise(setImmediate);
  assert.is(asked, 2);
});

test("an iterable that failed is not ended again by a later abort", async () => {
  const aborting = new AbortController();
  let ended = 0;
  const next = async (): Promise<IteratorResult<Event>> => ({ done: false, value: {} as Event });
  const end = async (): Promise<IteratorResult<Event>> => ({ done: true, value: ended++ });
  const values: AsyncIterable<Event> = { [Symbol.asyncIterator]: () => ({ next, return: end }) };
  await throwsCode("InvalidOutput", async () => collect(values, source("A", aborting.signal)));
  aborting.abort();
  assert.is(ended, 1);
});

test("an async iterable is not begun after an abort", async () => {
  const [signal, begun] = [AbortSignal.abort(new BeeHiveError("Timeout", "too late")), [] as string[]];
  const values: AsyncIterable<Event> = {
    [Symbol.asyncIterator]: () => {
      begun.push("begun");
      return { next: async () => ({ done: true, value: undefined }) };
    },
  };
  await throwsCode("Timeout", async () => collect(values, source("A", signal)));
  assert.equal(begun, []);
});

test("the first failure of an iterable that fails to end is reported", async () => {
  const endings = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject(new Error("later")),
    undefined,
  ];
  for (const ending of endings) {
    const values = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: {} as Event }), return: ending }),
    };
    await throwsCode("InvalidOutput", async () => collect(values as AsyncIterable<Event>, source("A")));
  }
});

test.run();
