import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actorDescription, Event, openProvider, operate, type ActorClass } from "beehive-actors";
import { avro } from "beehive-actors/avro";
import { jsonSchema } from "beehive-actors/json-schema";
import {
  confluentRegistry,
  pushSchema,
  schemaCodec,
  schemaCollection,
  schemaFolder,
  type SchemaCodecOptions,
  type SchemaRegistry,
} from "beehive-actors/schemas";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("registries of schemas");
const formats = [avro(), jsonSchema()];
const folder = await mkdtemp(join(tmpdir(), "beehive-schemas-"));
test.after(() => rm(folder, { recursive: true }));

/** Returns an Avro schema of orders with these fields beside the id. */
function orders(...fields: readonly object[]): string {
  return JSON.stringify({ type: "record", name: "Order", fields: [{ name: "id", type: "string" }, ...fields] });
}
const total = { name: "total", type: "double", default: 0 };
const currency = { name: "currency", type: "string" };
const schemas = [orders(), orders(total), orders(total, { ...currency, default: "EUR" })] as const;
const next = (schema: string, subject = "OrderPlaced") => ({ subject, format: "avro" as const, schema });

function fakeServer(): Promise<Server> {
  const versions: { subject: string; id: number; version: number; schema: string; schemaType: string }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const [, subject] = /^\/subjects\/([^/]+)\/versions/.exec(path) ?? [];
    const own = versions.filter((one) => one.subject === subject);
    const answer = (status: number, body: unknown) => void response.writeHead(status).end(JSON.stringify(body));
    if (request.headers.authorization !== "Basic abc") return answer(401, { message: "who are you?" });
    if (path === "/subjects") return answer(200, [...new Set(versions.map((one) => one.subject))]);
    if (path === "/config") return answer(200, { compatibilityLevel: "FULL_TRANSITIVE" });
    if (path.startsWith("/config/")) return answer(404, { message: "none" });
    const id = Number(/^\/schemas\/ids\/(\d+)/.exec(path)?.[1]);
    const byId = versions.filter((one) => one.id === id);
    if (path.endsWith("/versions") && byId.length > 0) return answer(200, byId);
    if (byId[0]) return answer(200, { schema: byId[0].schema, schemaType: byId[0].schemaType });
    if (subject === undefined || Number.isInteger(id)) return answer(404, { message: "none" });
    if (request.method === "POST") {
      const given = JSON.parse(Buffer.concat(parts).toString()) as { schema: string; schemaType: string };
      versions.push({ subject, id: versions.length + 100, version: own.length + 1, ...given });
      return answer(200, { id: versions.length + 99 });
    }
    const version = Number(/\/versions\/(\d+)$/.exec(path)?.[1]);
    if (Number.isInteger(version))
      return answer(
        200,
        own.find((one) => one.version === version),
      );
    return own.length === 0
      ? answer(404, { message: "none" })
      : answer(
          200,
          own.map((one) => one.version),
        );
  };
  const server = createServer((request, response) => void handle(request, response));
  return new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(server)));
}

const server = await fakeServer();
test.after(() => void server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const provider = await openProvider("memory:");
test.after(() => provider.close());

const registries: Readonly<Record<string, SchemaRegistry>> = {
  folder: schemaFolder(join(folder, "schemas")),
  collection: schemaCollection(provider.stores),
  "Confluent server": confluentRegistry(url, { headers: { authorization: "Basic abc" } }),
};

for (const [name, registry] of Object.entries(registries)) {
  test(`${name}: versions are added in order, and stay`, async () => {
    assert.equal([await registry.subjects(), await registry.versions("OrderPlaced")], [[], []]);
    for (const schema of schemas) assert.ok((await pushSchema(registry, next(schema), formats)).isNew);
    assert.not.ok((await pushSchema(registry, next(schemas[1]), formats)).isNew);
    const versions = await registry.versions("OrderPlaced");
    assert.equal(
      versions.map(({ version, schema, subject, format }) => ({ version, schema, subject, format })),
      schemas.map((schema, index) => ({ version: index + 1, schema, subject: "OrderPlaced", format: "avro" })),
    );
    for (const version of versions) assert.equal(await registry.find(version.id), version);
    assert.equal(await registry.subjects(), ["OrderPlaced"]);
    assert.is(await registry.find(name === "Confluent server" ? "9999" : "OrderPlaced/9"), undefined);
  });

  test(`${name}: a breaking version is refused, with the field and the reason`, async () => {
    const error = await throwsCode("InvalidConfiguration", () =>
      pushSchema(registry, next(orders(total, currency, { name: "vat", type: "double" })), formats),
    );
    assert.match(error.message, "`vat` is new and has no default: readers of version 4 cannot read old events");
    assert.is((await registry.versions("OrderPlaced")).length, 3);
  });

  test(`${name}: readers of a newer version read events of the first`, async () => {
    const seen: unknown[] = [];
    const { hive, received } = await scene({ registry, formats }, seen);
    const [first] = await registry.versions("OrderPlaced");
    const old = schemaCodec({ registry: { ...registry, versions: async () => (first ? [first] : []) }, formats });
    const travelling = await old.encode({ contentType: "application/json", body: '{"id":"1"}' }, event);
    await received(travelling.contentType, travelling.body);
    await hive.push(new Event("OrderPlaced", { id: "2", total: 2, currency: "CHF" }));
    await hive.settle();
    assert.equal(seen, [
      { id: "1", total: 0, currency: "EUR" },
      { id: "2", total: 2, currency: "CHF" },
    ]);
    await hive.stop();
  });
}

const event = new Event("OrderPlaced", { id: "1" });

async function scene(options: SchemaCodecOptions, seen: unknown[]) {
  class Reader {
    async processAsync(read: Event): Promise<void> {
      seen.push(read.getBody());
    }
  }
  actorDescription("OrderPlaced-Reader")(Reader as ActorClass);
  const clock = new ManualClock();
  const inner = new MemoryProvider({ clock });
  const hive = await TestHive.start({ actors: Reader, codec: schemaCodec(options), clock, provider: inner });
  const received = (contentType: string, body: unknown): Promise<unknown> =>
    inner.queues.push([new Event("OrderPlaced", body, { contentType })]);
  const letter = async (): Promise<string> => {
    const [one] = await hive.deadLetters("OrderPlaced-Reader");
    return `${one?.errorName}: ${one?.reason}`;
  };
  return { hive, received, letter, raw: await operate(inner, { clock }) };
}

const files = { registry: registries["folder"] as SchemaRegistry, formats };

test("the id of the schema travels in the content type", async () => {
  const { contentType, body } = await schemaCodec(files).encode(
    { contentType: "application/json", body: '{"id":"1","total":0,"currency":"EUR"}' },
    event,
  );
  assert.is(contentType, 'application/avro; schema="OrderPlaced/3"');
  assert.is(Buffer.from(body as Uint8Array).toString("hex"), "02310000000000000000064555" + "52");
});

test("a Confluent body begins with a zero and the id of its schema", async () => {
  const registry = registries["Confluent server"] as SchemaRegistry;
  const { contentType, body } = await schemaCodec({ registry, formats }).encode(
    { contentType: "application/json", body: '{"id":"1","total":0,"currency":"EUR"}' },
    event,
  );
  assert.is(contentType, "application/vnd.confluent.avro");
  assert.is(Buffer.from((body as Uint8Array).subarray(0, 7)).toString("hex"), "00000000660231");
});

test("a body that its schema forbids is not published", async () => {
  const { hive, raw } = await scene(files, []);
  const error = await throwsCode("InvalidEvent", () => hive.push(new Event("OrderPlaced", { id: 1, total: "secret" })));
  assert.match(error.message, "`id` is no string; `total` is no double.");
  assert.not.match(error.message, "secret");
  assert.is((await raw.queue("OrderPlaced-Reader").counts()).ready, 0);
  await hive.stop();
});

const refused: Readonly<Record<string, readonly [contentType: string, body: unknown, reason: RegExp]>> = {
  "an unknown schema": ['application/avro; schema="OrderPlaced/9"', new Uint8Array([2]), /no schema "OrderPlaced\/9"/],
  "corrupt bytes": [
    'application/avro; schema="OrderPlaced/1"',
    new Uint8Array([200, 1]),
    /bytes are not of its schema/,
  ],
  "no version": [
    "application/avro",
    new Uint8Array([2, 49]),
    /names no schema, and versions of OrderPlaced are 1, 2, 3/,
  ],
};

for (const [name, [contentType, body, reason]] of Object.entries(refused))
  test(`${name} is dead-lettered at once, with the reason`, async () => {
    const { hive, received, letter } = await scene(files, []);
    await received(contentType, body);
    await hive.settle();
    assert.match(await letter(), /^BodyUnreadable: /);
    assert.match(await letter(), reason);
    await hive.stop();
  });

test("an event without a version is read as the options say", async () => {
  const seen: unknown[] = [];
  const { hive, received } = await scene({ ...files, unversioned: { OrderPlaced: 1 } }, seen);
  await received("application/avro", new Uint8Array([2, 49]));
  await hive.settle();
  assert.equal(seen, [{ id: "1", total: 0, currency: "EUR" }]);
  await hive.stop();
});

test("types without a schema travel as they are, unless it is required", async () => {
  const plain = { contentType: "application/json", body: "1" };
  assert.equal(await schemaCodec(files).encode(plain, new Event("Other", 1)), plain);
  await throwsCode("InvalidEvent", () =>
    Promise.resolve(schemaCodec({ ...files, required: true }).encode(plain, new Event("Other", 1))),
  );
});

test("a schema of the code that is not in the registry is not published", async () => {
  const codec = schemaCodec({ registry: schemaFolder(join(folder, "empty")), own: files.registry, formats });
  const error = await throwsCode("InvalidEvent", async () =>
    codec.encode({ contentType: "application/json", body: "{}" }, event),
  );
  assert.match(error.message, "Version 3 of the schema of OrderPlaced is not in the registry");
});

test("a schema of the code reads, also before it is in the registry", async () => {
  const registry = schemaFolder(join(folder, "older"));
  await pushSchema(registry, next(schemas[0]), formats);
  const codec = schemaCodec({ registry, own: files.registry, formats });
  const read = await codec.decode(
    { contentType: 'application/avro; schema="OrderPlaced/1"', body: new Uint8Array([2, 49]) },
    event,
  );
  assert.is(read.body, '{"id":"1","total":0,"currency":"EUR"}');
});

test("an event waits while its registry is down", async () => {
  let down = true;
  const registry: SchemaRegistry = {
    ...files.registry,
    find: async (id) => {
      if (down) await confluentRegistry("http://127.0.0.1:1").subjects();
      return await files.registry.find(id);
    },
  };
  const seen: unknown[] = [];
  const { hive, received } = await scene({ registry, formats }, seen);
  await received('application/avro; schema="OrderPlaced/1"', new Uint8Array([2, 49]));
  await hive.advance("11s");
  assert.equal(seen, []);
  down = false;
  await hive.settle();
  assert.is(seen.length, 1);
  await hive.stop();
});

test("JSON stays JSON, and its schema is checked", async () => {
  const registry = schemaFolder(join(folder, "json"));
  const schema = JSON.stringify({
    type: "object",
    properties: { id: { type: "string", maxLength: 2 } },
    required: ["id"],
  });
  await pushSchema(registry, { subject: "OrderPlaced", format: "json", schema }, formats);
  const codec = schemaCodec({ registry, formats });
  const body = '{"id": "1"}';
  const contentType = 'application/json; schema="OrderPlaced/1"';
  const encoded = await codec.encode({ contentType: "application/json", body }, event);
  assert.equal(encoded, { contentType, body: '{"id":"1"}' });
  assert.equal(await codec.decode(encoded, event), encoded);
  const error = await throwsCode("InvalidEvent", async () =>
    codec.encode({ contentType: "application/json", body: '{"id":"secret"}' }, event),
  );
  assert.match(error.message, "`id` must NOT have more than 2 characters");
  assert.not.match(error.message, "secret");
});

test("the modes of compatibility are those of the folder's file", async () => {
  const path = join(folder, "modes");
  const registry = schemaFolder(path);
  await pushSchema(registry, next(schemas[1]), formats);
  await writeFile(join(path, "compatibility.json"), JSON.stringify({ "*": "forward", Free: "none" }));
  assert.equal(
    [await registry.compatibility("OrderPlaced"), await registry.compatibility("Free")],
    ["forward", "none"],
  );
  const withoutDefault = orders({ ...total, default: undefined });
  await pushSchema(registry, next(withoutDefault), formats);
  const error = await throwsCode("InvalidConfiguration", () => pushSchema(registry, next(orders()), formats));
  assert.match(error.message, "`total` is gone and had no default: readers of version 2 cannot read new events");
  assert.equal((await readdir(join(path, "OrderPlaced"))).toSorted(), ["1.avsc", "2.avsc"]);
  await writeFile(join(path, "compatibility.json"), JSON.stringify({ "*": "backwards" }));
  const wrong = await throwsCode("InvalidConfiguration", () => registry.compatibility("OrderPlaced"));
  assert.match(wrong.message, 'has the mode "backwards"; there are backward, backward-transitive');
});

test("a server that refuses the credentials is no outage", async () => {
  const error = await throwsCode("AccessDenied", () => confluentRegistry(url).subjects());
  assert.match(error.message, "GET /subjects returned 401: who are you?");
});

test.run();
