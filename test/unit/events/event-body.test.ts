import * as assert from "uvu/assert";
import { Event } from "../../../src/events/event.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("bodies of events");

test("later changes of an object do not change the body", () => {
  const body = { lines: [1] };
  const event = new Event("A", body);
  body.lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("changes by one reader do not reach the next", () => {
  const event = new Event("A", { lines: [1] });
  event.getBody().lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("changes of bytes do not reach the event", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const event = new Event("A", bytes);
  bytes[0] = 9;
  (event.body as Uint8Array)[1] = 9;
  event.getBody()[2] = 9;
  assert.equal([...event.getBody()], [1, 2, 3]);
  assert.is(event.contentType, "application/octet-stream");
});

test("a class instance travels as its JSON", () => {
  class Order {
    readonly #secret = "hidden";
    constructor(
      readonly id: string,
      readonly at: Date,
    ) {}
    toJSON(): object {
      return { id: this.id, at: this.at, hidden: this.#secret.length };
    }
  }
  assert.equal(new Event("A", new Order("1", new Date(0))).getBody<unknown>(), {
    id: "1",
    at: "1970-01-01T00:00:00.000Z",
    hidden: 6,
  });
});

test("plain JSON values are bodies", () => {
  for (const body of [null, false, 0, "", "text", [], {}]) assert.equal(new Event("A", body).getBody(), body);
});

const circular: { self?: unknown } = {};
circular.self = circular;
for (const [what, body, reason] of [
  ["a function", () => 1, "function"],
  ["a symbol", Symbol("s"), "symbol"],
  ["a bigint", 1n, "BigInt"],
  ["a circle", circular, "circular"],
] as const) {
  test(`a body of ${what} is InvalidEvent`, async () => {
    const { message } = await throwsCode("InvalidEvent", () => new Event("Odd", body));
    assert.match(message, "Odd");
    assert.match(message, reason);
  });
}

test("another content type allows text and bytes only", async () => {
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).getBody(), "a,b");
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).body, "a,b");
  const { message } = await throwsCode("InvalidEvent", () => new Event("A", { a: 1 }, { contentType: "text/csv" }));
  assert.match(message, "text/csv");
});

test("content types with +json or parameters are JSON", () => {
  for (const contentType of ["application/vnd.order+json", "application/json; charset=utf-8", "Application/JSON"]) {
    assert.is(new Event("A", { a: 1 }, { contentType }).body, '{"a":1}', contentType);
  }
});

test("an event without a body is BodyUnreadable", async () => {
  await throwsCode("BodyUnreadable", () => new Event("A").getBody());
});

test("a body that is not JSON is BodyUnreadable with its place, unquoted", async () => {
  const event = Event.fromRecord({ ...new Event("A").toRecord(), body: '{"card": "4111", }' });
  const error = await throwsCode("BodyUnreadable", () => event.getBody());
  assert.match(error.message, "position 17");
  assert.not.match(error.message, "4111");
  assert.not(error.retryable);
});

test("bytes of JSON are parsed", () => {
  const event = new Event("A", new TextEncoder().encode('{"a":"ü"}'), { contentType: "application/json" });
  assert.equal(event.getBody<unknown>(), { a: "ü" });
});

test("bodies that JSON loses are refused, also within a body", async () => {
  const lost: readonly [unknown, string][] = [
    [new ArrayBuffer(2), "an ArrayBuffer"],
    [new DataView(new ArrayBuffer(2)), "a DataView"],
    [new Float64Array(2), "a Float64Array"],
    [new Float64Array(0), "a Float64Array"],
    [new Blob(["a"]), "a Blob"],
    [new Map([["a", 1]]), "a Map"],
    [new Set([1]), "a Set"],
    [Promise.resolve(1), "a Promise"],
    [new Error("down"), "an Error"],
    [new TypeError("down"), "an Error"],
    [/a/, "a RegExp"],
    [new URLSearchParams("a=1"), "a URLSearchParams"],
    [(function* () {})(), "a Generator"],
    [Number.NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [new Date("nonsense"), "an invalid Date"],
  ];
  for (const [value, kind] of lost) {
    const whole = await throwsCode("InvalidEvent", () => new Event("A", value));
    assert.ok(whole.message.includes(`has ${kind}, of which JSON would keep nothing`), whole.message);
    const within = await throwsCode("InvalidEvent", () => new Event("A", { list: [1, { value }] }));
    assert.ok(within.message.includes(`has ${kind} at "list.1.value"`), within.message);
  }
  await throwsCode("InvalidEvent", () => new Event("A", { content: Uint8Array.of(1) }));
  const shared = new Event("A", new Map([["a", 1]]), { byReference: true });
  await throwsCode("InvalidEvent", () => shared.body);
});

test("bodies that only look lossy are JSON", () => {
  class Empty {}
  const nulls = {
    none: null,
    missing: undefined,
    list: [null, undefined],
    when: new Date(0),
    least: -Number.MAX_VALUE,
  };
  for (const body of [{}, [], { a: {} }, { "0": 1 }, [{ "0": {} }], new Empty(), nulls, null, { "{}": 1 }])
    assert.equal(new Event("A", body).getBody(), JSON.parse(JSON.stringify(body)));
  class Tags extends Set<string> {
    toJSON(): string[] {
      return [...this];
    }
  }
  assert.equal(new Event("A", new Tags(["a"])).getBody(), ["a"]);
  const written = { toJSON: () => ({}), hidden: new Map() };
  assert.equal(new Event("A", { none: {}, tags: new Tags(["a"]), written }).getBody(), {
    none: {},
    tags: ["a"],
    written: {},
  });
  const buffer = new Event("A", { content: Buffer.from([1]) }).getBody();
  assert.equal(buffer, { content: { type: "Buffer", data: [1] } });
  let deep: unknown = {};
  for (let n = 0; n < 3_000; n++) deep = [deep];
  assert.is(new Event("A", deep).bodySize, 6_002);
});

test("of a body with toJSON only the JSON is checked", async () => {
  class Order {
    cache = new Map([["a", 1]]);
    session: object = { options: {} };
    toJSON(): object {
      return { id: "1", options: {} };
    }
  }
  const order = new Order();
  order.session = { order, circle: { order, session: order.session } };
  const circle: Record<string, unknown> = { options: {} };
  circle["circle"] = circle;
  Object.assign(order.session, { circle });
  assert.equal(new Event("A", order).getBody(), { id: "1", options: {} });
  const shared = { none: {} };
  assert.equal(new Event("A", [shared, shared]).getBody(), [shared, shared]);
});

test("a loss behind toJSON, and an error with a code, are refused", async () => {
  const hidden = { toJSON: () => new Map([[1, 2]]) };
  const coded = Object.assign(new Error("down"), { code: "ECONNRESET" });
  for (const [body, what] of [
    [hidden, "a Map"],
    [{ a: hidden }, 'a Map at "a"'],
    [{ e: coded }, 'an Error at "e"'],
  ] as const) {
    const { message } = await throwsCode("InvalidEvent", () => new Event("A", body));
    assert.ok(message.includes(`has ${what}, of which`), message);
  }
});

test("a Map is refused however deep it is, and below a plain toJSON", async () => {
  let body: object = { map: new Map() };
  for (let depth = 0; depth < 100; depth++) body = depth % 2 === 0 ? [body] : { body };
  const { message } = await throwsCode("InvalidEvent", () => new Event("A", body));
  assert.match(message, /has a Map at "(?:body\.0\.){50}map"/);
  await throwsCode("InvalidEvent", () => new Event("A", { plain: { toJSON: () => ({ map: new Map() }) } }));
});

test("a loss is refused behind any toJSON, of arrays and hidden ones too", async () => {
  const toJSON = (): unknown => new Map();
  const hidden = Object.defineProperty({ a: 1 }, "toJSON", { value: toJSON });
  for (const body of [hidden, Object.assign([1], { toJSON })]) {
    await throwsCode("InvalidEvent", () => new Event("A", body));
    await throwsCode("InvalidEvent", () => new Event("A", { list: [body] }));
  }
});

test("members beside a toJSON are never read", () => {
  const order = {
    get total(): number {
      throw new Error("not loaded");
    },
    toJSON: () => ({ id: 1 }),
  };
  assert.is(new Event("A", { order }).body, '{"order":{"id":1}}');
});

test("half a character is refused as text and escaped in JSON", async () => {
  await throwsCode("InvalidEvent", () => new Event("A", "\ud800", { contentType: "text/plain" }));
  assert.is(new Event("A", "\ud800").body, '"\\ud800"');
});

test("later changes of a Buffer do not change the event", () => {
  const bytes = Buffer.from([1, 2]);
  const event = new Event("A", bytes);
  bytes.fill(9);
  assert.equal([...event.getBody()], [1, 2]);
  const kept = Event.fromRecord({ ...event.toRecord(), body: Buffer.from([3]) });
  (kept.body as Uint8Array).fill(9);
  assert.equal([...(kept.body as Uint8Array)], [3]);
});

test("JSON bytes that are not UTF-8 are BodyUnreadable", async () => {
  const event = new Event("A", Uint8Array.of(0x22, 0xff, 0x22), { contentType: "application/json" });
  const { message } = await throwsCode("BodyUnreadable", () => event.getBody());
  assert.match(message, /its content type is application\/json and its bytes are not UTF-8/);
});

test.run();
