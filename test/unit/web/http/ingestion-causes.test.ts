import { BeeHiveError, createHive, Event, eventType, openProvider, silentLogger, type ErrorCode } from "beehive-actors";
import { ingestion, IngestionRejected, type IngestRequest } from "beehive-actors/http";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { collecting, OrderAccepted } from "../../../support/edge-events.ts";
import { edgeScene, send } from "../../../support/edge.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the causes that an ingestion tells");

const Unpublished = eventType<{ id: string }>("Unpublished");

const lasting: readonly ErrorCode[] = ["QueueNotFound", "AccessDenied", "InvalidConfiguration", "Unresolvable"];
const passing: readonly ErrorCode[] = ["Unavailable", "Throttled", "Timeout", "ConcurrencyConflict", "InvalidState"];
for (const [status, retryAfter, codes] of [
  [500, null, lasting],
  [503, "1", passing],
] as const) {
  test(`an error that ${retryAfter ? "passes" : "lasts"} is ${status}, without its words`, async () => {
    for (const code of codes) {
      const authorize = () => {
        throw new BeeHiveError(code, "db.internal is missing");
      };
      await using scene = await edgeScene({ handlers: { orders: OrderAccepted }, authorize });
      const reply = await scene.send({ orderId: "1" });
      assert.equal([reply.status, reply.headers.get("retry-after")], [status, retryAfter], code);
      assert.not.match(JSON.stringify(reply), "internal");
    }
  });
}

test("an event that no topic takes is 500, and its cause is logged", async () => {
  const logged: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void logged.push(fields) };
  const astray = () => new Event("Astray", 1, { queueName: "Nowhere" });
  await using scene = await edgeScene({ handlers: { un: Unpublished, astray }, logger });
  for (const [name, queue] of [
    ["un", "Unpublished"],
    ["astray", "Nowhere"],
  ] as const) {
    const reply = await scene.send({ id: "1" }, { path: `/ingest/${name}` });
    assert.equal([reply.status, reply.headers.get("retry-after")], [500, null]);
    assert.not.match(JSON.stringify(reply), queue);
    const { err, requestId } = logged.pop() as { err: { code: string; message: string }; requestId: string };
    assert.equal([err.code, requestId], ["QueueNotFound", reply.requestId]);
    assert.match(err.message, queue);
    assert.match(err.message, "publishes");
  }
});

test("a key whose events had no topic is free once there is one", async () => {
  const provider = await openProvider("memory:");
  const options = { authorize: () => ({ name: "ada" }), logger: silentLogger, handlers: { un: Unpublished } };
  await using early = await createHive({ provider, logger: silentLogger });
  await early.start();
  const sent = { path: "/ingest/un", headers: { "idempotency-key": "k1" } };
  const edge = ingestion(early, options);
  assert.is((await send(edge, { id: "1" }, sent)).status, 500);
  await using late = await createHive({ provider, publishes: [Unpublished], logger: silentLogger });
  await late.start();
  assert.is((await send(edge, { id: "1" }, sent)).status, 200);
});

test("a codec without its package or keys is 500, not 422", async () => {
  const codec = {
    encode: () => Promise.reject(new Error("unused")),
    decode: () => Promise.reject(new BeeHiveError("InvalidConfiguration", "npm install internal")),
  };
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted }, codec });
  const reply = await scene.send("x", { path: "/ingest/orders", headers: { "content-type": "application/avro" } });
  assert.is(reply.status, 500);
  assert.not.match(JSON.stringify(reply), "internal");
});

const Form = "application/x-www-form-urlencoded";

test("JSON that was read as text is refused with its content type", async () => {
  const rejected = collecting(IngestionRejected);
  const checked = { schema: v.object({ orderId: v.string() }), ingest: () => [] };
  const made = ({ items }: IngestRequest) => items.map(({ value }) => OrderAccepted.parse(value)) && [];
  await using scene = await edgeScene(
    { handlers: { orders: OrderAccepted, checked, made } },
    { actors: rejected.Collect },
  );
  for (const name of ["orders", "checked", "made"]) {
    const path = `/ingest/${name}`;
    const reply = await scene.send('{"orderId":"1"}', { path, headers: { "content-type": Form } });
    assert.is(reply.status, 422, name);
    assert.match(reply.error ?? "", `The body was read as text, because of its content type, ${Form}.`);
    assert.match(reply.error ?? "", "Send JSON with content-type: application/json");
  }
  const path = "/ingest/orders";
  const bytes = await scene.send(new Uint8Array([0xff]), { path, headers: { "content-type": "application/avro" } });
  assert.match(bytes.error ?? "", "read as bytes, because of its content type, application/avro.");
  const bare = await scene.edge.fetch(
    new Request("http://localhost/ingest/orders", { method: "POST", body: new Uint8Array([0x7b, 0x7d]) }),
  );
  assert.match(await bare.text(), "read as text, because it has no content type.");
  await scene.hive.whenIdle();
  assert.is(rejected.events.length, 5);
});

test("a CloudEvent that was read as text names its content type", async () => {
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } });
  const text = '{"specversion":"1.0","id":"1","source":"/a","type":"OrderAccepted"}';
  const structured = await scene.send(text, { headers: { "content-type": "text/plain;charset=UTF-8" } });
  assert.is(structured.status, 404);
  assert.match(structured.error ?? "", "content type, text/plain. Send JSON with");
  assert.match(structured.error ?? "", "a CloudEvent with application/cloudevents+json.");
  const ce = { "ce-specversion": "1.0", "ce-id": "9", "ce-source": "/a", "ce-type": "OrderAccepted" };
  const binary = await scene.send('{"orderId":"1"}', { headers: { ...ce, "content-type": Form } });
  assert.is(binary.status, 422);
  assert.match(binary.error ?? "", `content type, ${Form}.`);
});

test("a handler of text takes text, and JSON is refused without a note", async () => {
  const seen: unknown[] = [];
  const notes = {
    schema: v.string(),
    ingest: ({ items }: IngestRequest) => void seen.push(...items.map(({ value }) => value)),
  };
  await using scene = await edgeScene({ handlers: { notes, orders: OrderAccepted } });
  const text = { path: "/ingest/notes", headers: { "content-type": "text/plain" } };
  assert.is((await scene.send("hello", text)).status, 200);
  assert.equal(seen, ["hello"]);
  for (const path of ["/ingest/notes", "/ingest/orders"]) {
    const reply = await scene.send(path.endsWith("notes") ? {} : '"text"', { path });
    assert.equal([reply.status, reply.error], [422, "The content of the request is not valid."]);
  }
});

test.run();
