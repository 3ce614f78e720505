import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createGzip, gzipSync } from "node:zlib";
import { actor, createHive, eventType, toCloudEventText, type Event, type Hive, type Logger } from "beehive-actors";
import { githubWebhooks, ingestion, serve, type IngestAnswer, type Ingestion } from "beehive-actors/http";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { randomNumbers } from "../../samples/prismo/chance.ts";
import { suite } from "../support/suite.ts";

const test = suite("ingestion among strangers", { timeoutMs: 120_000 });

const schema = v.object({ orderId: v.pipe(v.string(), v.regex(/^o-\d+$/)), cents: v.pipe(v.number(), v.minValue(0)) });
const OrderAccepted = eventType("OrderAccepted", schema);
const PaymentTaken = eventType<{ cents: number }>("PaymentTaken");
const secret = "It's a Secret to Everybody";

interface Scene extends AsyncDisposable {
  readonly hive: Hive;
  readonly edge: Ingestion;
  readonly events: readonly Event[];
  readonly errors: readonly object[];
}

async function opened(): Promise<Scene> {
  const events: Event[] = [];
  const errors: object[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (fields) => errors.push(fields),
    error: (fields) => errors.push(fields),
  };
  const collect = { parallelism: 64 };
  const hive = await createHive({
    actors: [
      actor(
        "OrderAccepted-Collect",
        OrderAccepted,
        { ...collect, name: "Orders" },
        async ({ event }) => void events.push(event),
      ),
      actor(
        "PaymentTaken-Collect",
        PaymentTaken,
        { ...collect, name: "Payments" },
        async ({ event }) => void events.push(event),
      ),
    ],
    logger,
    journal: false,
  });
  await hive.start();
  const edge = ingestion(hive, {
    handlers: {
      orders: OrderAccepted,
      payments: {
        signature: githubWebhooks({ secret }),
        ingest: ({ bytes }) => PaymentTaken.create({ cents: bytes.length }),
      },
    },
    authorize: () => ({ name: "stranger" }),
    maxBody: 100_000,
    bodyTimeout: "300ms",
    logger,
  });
  return { hive, edge, events, errors, [Symbol.asyncDispose]: () => hive.stop() };
}

interface Sample {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Good requests, from which the wrong ones are made. */
function samples(): readonly Sample[] {
  const order = { orderId: "o-1", cents: 5 };
  const json = Buffer.from(JSON.stringify(order));
  const signature = `sha256=${createHmac("sha256", secret).update(json).digest("hex")}`;
  const event = Buffer.from(toCloudEventText(OrderAccepted.create(order)));
  const type = (name: string) => ({ "content-type": name });
  return [
    { path: "/ingest/orders", headers: type("application/json"), body: json },
    {
      path: "/ingest/orders",
      headers: type("application/x-ndjson"),
      body: Buffer.concat([json, Buffer.from("\n"), json]),
    },
    { path: "/ingest", headers: type("application/cloudevents+json"), body: event },
    {
      path: "/ingest",
      headers: type("application/cloudevents-batch+json"),
      body: Buffer.from(`[${event.toString()}]`),
    },
    {
      path: "/ingest",
      headers: {
        ...type("application/json"),
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/a",
        "ce-type": "OrderAccepted",
      },
      body: json,
    },
    {
      path: "/ingest/orders",
      headers: { ...type("application/json"), "content-encoding": "gzip" },
      body: gzipSync(json),
    },
    { path: "/ingest/payments", headers: { "x-hub-signature-256": signature }, body: json },
    { path: "/ingest/orders", headers: { ...type("application/json"), "idempotency-key": "k" }, body: json },
  ];
}

const tokens = [
  "__proto__",
  "null",
  "1e999",
  "\u0000",
  '"',
  "{",
  "[",
  "}",
  "\ud800",
  "NaN",
  "-0",
  "constructor",
  "\\u0000",
];

/** Returns a request that differs from a good one at some places. */
function mutated({ path, headers, body }: Sample, random: () => number): Sample {
  const below = (max: number): number => Math.floor(random() * max);
  let [sent, to] = [Buffer.from(body), path];
  const given: Record<string, string> = { ...headers };
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(sent.length);
    const names = Object.keys(given);
    switch (below(7)) {
      case 0:
        if (sent.length > 0) sent[at] = below(256);
        break;
      case 1:
        sent = sent.subarray(0, at);
        break;
      case 2:
        sent = Buffer.concat([
          sent.subarray(0, at),
          Buffer.from(tokens[below(tokens.length)] as string),
          sent.subarray(at),
        ]);
        break;
      case 3:
        delete given[names[below(names.length)] as string];
        break;
      case 4:
        given[names[below(names.length)] ?? "content-type"] = ["x", "application/json", "identity", "br", "%ff", "1.0"][
          below(6)
        ] as string;
        break;
      case 5:
        to = ["/ingest", "/ingest/orders", "/ingest/payments", "/ingest/__proto__", "/ingest/%2e%2e", "/handlers"][
          below(6)
        ] as string;
        break;
      default:
        sent = Buffer.concat([sent, sent.subarray(at)]);
    }
  }
  return { path: to, headers: given, body: sent };
}

test("10,000 mutated requests fail nothing, and let nothing wrong in", async () => {
  await using scene = await opened();
  const random = randomNumbers(7);
  const good = samples();
  const statuses = new Map<number, number>();
  const accepted = new Set<string>();
  for (let n = 0; n < 10_000; n++) {
    const { path, headers, body } = mutated(good[n % good.length] as Sample, random);
    const response = await scene.edge.fetch(new Request(`http://localhost${path}`, { method: "POST", headers, body }));
    const answer = (await response.json()) as IngestAnswer;
    assert.is(answer.status, response.status);
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    for (const { events = [] } of Object.values(answer.handlers)) for (const id of events) accepted.add(id);
    const signed = body.equals((good[6] as Sample).body);
    if (answer.handlers["payments"]?.status === 200) assert.ok(signed, "a forged webhook came in");
  }
  await scene.hive.whenIdle();
  assert.equal(scene.errors, []);
  const known = new Set([200, 400, 401, 404, 405, 408, 413, 415, 422]);
  assert.equal(
    [...statuses.keys()].filter((status) => !known.has(status)),
    [],
  );
  for (const status of [200, 400, 401, 404, 415, 422])
    assert.ok((statuses.get(status) ?? 0) > 10, `${status} came rarely`);
  assert.equal(new Set(scene.events.map(({ id }) => id)), accepted);
  for (const event of scene.events) if (OrderAccepted.is(event)) OrderAccepted.read(event);
  assert.is(({} as Record<string, unknown>)["cents"], undefined);
});

async function raw(port: number, parts: readonly (string | Buffer)[], waitMs = 0): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const answer = text(socket).catch(() => "");
  socket.on("error", () => {});
  for (const part of parts) {
    socket.write(part);
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return await answer;
}

const head = (length: number, more = "") =>
  `POST /ingest/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

test("a body that comes too slowly is 408, and its connection ends", async () => {
  await using scene = await opened();
  await using served = await serve({ hive: scene.hive, port: 0, apps: { "/": scene.edge } });
  const answer = await raw(served.port, [head(100), "{", " ", " ", " ", " "], 100);
  assert.match(answer, /^HTTP\/1.1 408 /);
  assert.match(answer, /connection: close/i);
});

test("huge headers, wrong methods and garbage are refused by the server", async () => {
  await using scene = await opened();
  await using served = await serve({ hive: scene.hive, port: 0, apps: { "/": scene.edge } });
  assert.match(await raw(served.port, [head(2, `x: ${"y".repeat(40_000)}\r\n`)]), /^HTTP\/1.1 431 /);
  assert.match(await raw(served.port, ["\x16\x03\x01\x02\x00garbage\r\n\r\n"]), /^HTTP\/1.1 400 /);
  assert.match(
    await raw(served.port, ["GET / HTTP/1.1\r\nconnection: close\r\nhost: a b\r\n\r\n"]),
    /^HTTP\/1.1 (?:400|421) /,
  );
  const smuggled =
    "POST /ingest/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
  assert.match(await raw(served.port, [smuggled]), /^HTTP\/1.1 400 /);
  assert.is((await fetch(`http://localhost:${served.port}/ready`)).status, 200);
});

test("a bomb of a gigabyte is refused before it unfolds", async () => {
  await using scene = await opened();
  await using served = await serve({ hive: scene.hive, port: 0, apps: { "/": scene.edge } });
  const gzip = createGzip({ level: 9 });
  const zeros = Buffer.alloc(1 << 20);
  const folded: Buffer[] = [];
  gzip.on("data", (chunk: Buffer) => folded.push(chunk));
  for (let mebibytes = 0; mebibytes < 64; mebibytes++)
    await new Promise<void>((resolve) => gzip.write(zeros, () => resolve()));
  await new Promise<void>((resolve) => gzip.on("end", resolve).end());
  const bomb = Buffer.concat(folded);
  assert.ok(bomb.length < 100_000, String(bomb.length));
  const before = process.memoryUsage().arrayBuffers;
  const answers = await Promise.all(
    Array.from({ length: 16 }, () => raw(served.port, [head(bomb.length, "content-encoding: gzip\r\n"), bomb])),
  );
  for (const answer of answers) assert.match(answer, /^HTTP\/1.1 413 /);
  assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
});

test.run();
