import * as assert from "uvu/assert";
import { Event, type EventOptions } from "../../../src/events/event.ts";
import { eventType } from "../../../src/events/event-type.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { collect, type OutputSource } from "../../../src/actors/output.ts";
import { stampOutputs } from "../../../src/delivery/stamp.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const input = Event.fromRecord({ ...new Event("In", 1, { id: "input" }).toRecord(), queueName: "In-Actor" });
const out = (body: unknown, options?: EventOptions): Event => new Event("Out", body, options);
const stamp = (...outputs: Event[]): readonly Event[] => stampOutputs(input, outputs, {});
const idsOf = (...outputs: Event[]): string[] => stamp(...outputs).map(({ id }) => id);

const ids = suite("Ids of outputs");

ids("given a step that is repeated, then its outputs have the same ids, which are UUIDs of version 8", () => {
  const once = idsOf(out("a"), out("b"));
  assert.equal(idsOf(out("a"), out("b")), once);
  for (const id of once) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

ids("given outputs in another order, fewer or more of them, then each keeps its id", () => {
  const [a, b] = idsOf(out("a"), out("b"));
  assert.equal(idsOf(out("b"), out("a")), [b, a]);
  assert.equal(idsOf(out("b")), [b]);
  assert.equal(idsOf(out("c"), out("b"), out("d")).at(1), b);
});

ids("given equal outputs, then they are told apart, the same way each time", () => {
  const same = idsOf(out("a"), out("a"), out("a"));
  assert.is(new Set(same).size, 3);
  assert.equal(
    idsOf(out("a"), out("b"), out("a"), out("a")).filter((_, n) => n !== 1),
    same,
  );
  assert.equal(idsOf(out("a")), same.slice(0, 1));
  assert.equal(idsOf(out("a"), out("a")), same.slice(0, 2));
});

ids("given another input, subscription, type, destination or body, then the id is another", () => {
  const other = (changes: object): Event => Event.fromRecord({ ...input.toRecord(), ...changes });
  const all = [
    ...idsOf(out("a")),
    ...idsOf(out("b")),
    ...idsOf(out("a", { queueName: "Elsewhere-" })),
    ...idsOf(new Event("Other", "a", { queueName: "Out-" })),
    ...stampOutputs(other({ id: "another" }), [out("a")], {}).map(({ id }) => id),
    ...stampOutputs(other({ queueName: "In-Another" }), [out("a")], {}).map(({ id }) => id),
    ...idsOf(out(Uint8Array.of(1))),
    ...idsOf(out(Uint8Array.of(2))),
    ...idsOf(out(undefined)),
    ...idsOf(out("a", { url: "https://example.com/1" })),
    ...idsOf(out("a", { partitionKey: "1" })),
    ...idsOf(out("a", { properties: { p: 1 } })),
    ...idsOf(out("a", { properties: { p: 1 }, url: "https://example.com/1" })),
    ...idsOf(out("a", { properties: { p: 1 }, partitionKey: "1" })),
  ];
  assert.is(new Set(all).size, all.length);
});

ids("given an id that the actor set or saw, then it is kept", () => {
  const seen = out("b");
  const { id } = seen;
  assert.equal(idsOf(out("a", { id: "mine" }), seen), ["mine", id]);
});

ids("given a step that publishes all or nothing, when it is repeated, then its outputs have the same ids too", () => {
  const [once, again] = [1, 2].map(() => stampOutputs(input, [out("a")], {}, true)[0]?.id);
  assert.is(once, again);
});

ids("given an actor that returns its input as it came, then InvalidOutput says what to do", async () => {
  assert.match((await throwsCode("InvalidOutput", () => stamp(out("a"), input))).message, "event.clone");
});

ids.run();

const stamps = suite("Stamps on outputs");

stamps(
  "given an input, then outputs carry its correlation id, or its id where it has none, and name it as their cause",
  () => {
    const [output] = stamp(out("a"));
    assert.equal([output?.correlationId, output?.causationId], ["input", "input"]);
    const correlated = Event.fromRecord({ ...input.toRecord(), correlationId: "process" });
    assert.is(stampOutputs(correlated, [out("a")], {})[0]?.correlationId, "process");
    const own = stamp(out("a", { correlationId: "own", causationId: "mine" }))[0];
    assert.equal([own?.correlationId, own?.causationId], ["own", "input"]);
  },
);

stamps("given a trace, then it is among the properties of outputs, and everything else is as the actor made it", () => {
  const output = out("a", { properties: { p: 1 }, partitionKey: "k", enqueueTime: new Date(5) });
  const [stamped] = stampOutputs(input, [output], { traceparent: "00-1" });
  assert.equal({ ...stamped?.properties }, { traceparent: "00-1", p: 1 });
  assert.equal([stamped?.partitionKey, stamped?.enqueueTime?.getTime(), stamped?.body], ["k", 5, '"a"']);
  assert.equal({ ...output.properties }, { p: 1 });
});

stamps.run();

const collecting = suite("What an actor returns");

const source = (name: string, signal: AbortSignal = new AbortController().signal): OutputSource => ({
  descriptor: { name, maxOutputs: 3 },
  signal,
});

collecting("given nothing, an array, another iterable or an async one, then its events are collected", async () => {
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
  collecting(`given ${what}, then InvalidOutput names the actor and what it returned`, async () => {
    assert.match((await throwsCode("InvalidOutput", () => collect(value as never, source("ShipIt")))).message, reason);
  });
}

collecting("given what is no event among events that come over time, then InvalidOutput names the actor", async () => {
  const values = async function* () {
    yield out("a");
    yield {} as Event;
  };
  const { message } = await throwsCode("InvalidOutput", () => collect(values(), source("ShipIt")));
  assert.match(message, "ShipIt returned an object among its events");
});

collecting(
  "given more events than a step may return, then InvalidOutput says so, and generators were ended",
  async () => {
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
  },
);

collecting("given a signal that aborts, then what comes over time is read no further and ended", async () => {
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

collecting("given a signal that aborts, then an iterable that cannot be ended is read no further", async () => {
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

collecting(
  "given an iterable that failed, when its signal aborts later, then it is not ended a second time",
  async () => {
    const aborting = new AbortController();
    let ended = 0;
    const next = async (): Promise<IteratorResult<Event>> => ({ done: false, value: {} as Event });
    const end = async (): Promise<IteratorResult<Event>> => ({ done: true, value: ended++ });
    const values: AsyncIterable<Event> = { [Symbol.asyncIterator]: () => ({ next, return: end }) };
    await throwsCode("InvalidOutput", async () => collect(values, source("A", aborting.signal)));
    aborting.abort();
    assert.is(ended, 1);
  },
);

collecting("given a signal that had aborted, then what comes over time is not begun", async () => {
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

collecting("given an iterable that fails to end, then the first failure is told", async () => {
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

collecting.run();
